"""The command line: argv, printing, exit codes."""
