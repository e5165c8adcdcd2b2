"""The workspace: buffers over disk, what to copy and what to leave, and the proof it was not touched."""
