"""Debian's Janus with a configuration folder of its own."""

from __future__ import annotations

from pathlib import Path

from rig.needs import program
from rig.processes import Process

HTTP, WS, ADMIN_HTTP, ADMIN_WS = 18088, 18188, 17088, 17188
ADMIN_SECRET = "janusoverlord"
_LIBRARY = "/usr/lib/x86_64-linux-gnu/janus"
_UNUSED_PLUGINS = ("audiobridge", "duktape", "lua", "nosip", "recordplay", "sip", "streaming", "textroom", "videocall", "voicemail")


class RealJanus:
    """Start, kill and start again; the events go to the witness with Janus' own microsecond stamps."""

    def __init__(self, *, folder: Path, media: str, witness: str, session_timeout: int = 60) -> None:
        self.folder = folder
        self.media = media
        self.witness = witness
        self.session_timeout = session_timeout
        self.process: Process | None = None

    def start(self) -> None:
        """Write the configuration and run; returns when both interfaces listen."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, text in self._files().items():
            (self.folder / name).write_text(text)
        command = [program("janus", "janus"), "-F", str(self.folder)]
        self.process = Process(command, log=self.folder / "janus.log")
        for port in (HTTP, WS, ADMIN_WS):
            self.process.wait_for_port(port)

    def kill(self) -> None:
        """End it without a word, as a crash does."""
        if self.process is not None:
            self.process.kill()

    def stop(self) -> None:
        """End it orderly."""
        if self.process is not None:
            self.process.stop()

    def _files(self) -> dict[str, str]:
        plugins = ",".join(f"libjanus_{name}.so" for name in _UNUSED_PLUGINS)
        return {
            "janus.jcfg": f"""
general: {{ configs_folder = "{self.folder}" plugins_folder = "{_LIBRARY}/plugins" transports_folder = "{_LIBRARY}/transports"
  events_folder = "{_LIBRARY}/events" loggers_folder = "/nonexistent" debug_level = 4 debug_timestamps = true debug_colors = false
  admin_secret = "{ADMIN_SECRET}" session_timeout = {self.session_timeout} }}
nat: {{ ice_enforce_list = "{self.media}" full_trickle = true }}
media: {{ rtp_port_range = "20000-20999" }}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so" }}
events: {{ broadcast = true stats_period = 0
  disable = "libjanus_gelfevh.so,libjanus_mqttevh.so,libjanus_nanomsgevh.so,libjanus_rabbitmqevh.so,libjanus_wsevh.so" }}
""",
            "janus.transport.http.jcfg": f"""
general: {{ json = "compact" base_path = "/janus" http = true port = {HTTP} https = false }}
admin: {{ admin_base_path = "/admin" admin_http = true admin_port = {ADMIN_HTTP} admin_https = false }}
""",
            "janus.transport.websockets.jcfg": f"""
general: {{ json = "compact" ws = true ws_port = {WS} wss = false }}
admin: {{ admin_ws = true admin_ws_port = {ADMIN_WS} admin_wss = false }}
""",
            "janus.eventhandler.sampleevh.jcfg": f"""
general: {{ enabled = true events = "all" grouping = false json = "compact" backend = "{self.witness}" }}
""",
            "janus.plugin.videoroom.jcfg": 'general: { }\nroom-1234: { description = "Demo" publishers = 6 notify_joining = true }\n',
            "janus.plugin.echotest.jcfg": "general: { }\n",
        }
