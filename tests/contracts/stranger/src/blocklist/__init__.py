"""A block list: numbers that nobody may call, and a filter type for numbers that are too short."""

from cgrd import CGREvent, Subsystem, hookimpl, method, stages_of
from cgrd.errors import CgrdError


class BlockListS(Subsystem, section="blocklist"):
    """Knows the blocked prefixes."""

    @method("BlockListSv1.Check")
    def check(self, args: CGREvent) -> str:
        """OK, or BLOCKED with the number."""
        number = str(args.Event.get("Destination", ""))
        if number.startswith(tuple(self.config["prefixes"])):
            raise CgrdError(f"BLOCKED:{number}", explain="it begins with one of blocklist.prefixes")
        return "OK"


@hookimpl
def cgrd_components():
    return [BlockListS]


@hookimpl
def cgrd_stages():
    from blocklist import stages

    return stages_of(vars(stages))


@hookimpl
def cgrd_filter_types():
    return {"*shorter": lambda element, values: lambda roots: len(element.find(roots) or "") < int(values[0].constant)}
