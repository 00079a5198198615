"""The Janus agent: charges WebRTC sessions of a Janus gateway."""
