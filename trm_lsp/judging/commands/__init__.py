"""Test commands other than pytest: how each is recognised, made to report, read, and asked for some of its tests."""
