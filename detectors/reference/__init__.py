"""The reference room: everything that imports ultralytics or torch.

The rule kept here: it is never in the import path of the command line or the web process, and ultralytics is silenced
(`quiet.silence_ultralytics`) before it is imported.
"""
