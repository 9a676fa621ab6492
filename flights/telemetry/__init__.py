"""Reading telemetry: our own flight logs, DJI subtitle logs, and stills with EXIF and XMP, into one shape."""
