"""A ClickHouse server out of the embedded engine's own library.

Newer engines can answer on ports of their own (SYSTEM START LISTEN), with ClickHouse's real HTTP and native handlers,
users, quotas, clusters and replication; what the Node package opens is the engine alone. Run with the path of the library,
a configuration file, a data directory and the ports; ends when it is killed.
"""

import ctypes
import sys

# The statement that keeps the process alive: an hour is the longest that the engine sleeps in one go.
SLEEP = "SELECT sleep(3600) SETTINGS function_sleep_max_microseconds_per_block = 3600000000 FORMAT Null;"


def main() -> None:
    library, config, path = sys.argv[1:]
    engine = ctypes.CDLL(library)
    statements = "SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; " + SLEEP * 4
    arguments = ["clickhouse", f"--config-file={config}", f"--path={path}", "--query", statements]
    vector = (ctypes.c_char_p * len(arguments))(*[argument.encode() for argument in arguments])
    engine.chdb_query_cmdline.restype = ctypes.c_void_p
    engine.chdb_result_error.restype = ctypes.c_char_p
    engine.chdb_result_error.argtypes = [ctypes.c_void_p]
    result = engine.chdb_query_cmdline(len(arguments), vector)
    sys.exit(f"the server ended: {(engine.chdb_result_error(result) or b'').decode()}")


main()
