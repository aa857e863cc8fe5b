"""After the timings: how many times faster than each other tool, per group, as the table of docs/benchmarks.md."""

OURS = ("with_numba", "ours")  # what the names of our own tools hold


def pytest_terminal_summary(terminalreporter, config):
    session = getattr(config, "_benchmarksession", None)
    groups = {}
    for benchmark in session.benchmarks if session else ():
        if benchmark.stats and benchmark.group:
            groups.setdefault(benchmark.group, {})[benchmark.name] = benchmark
    if not groups:
        return
    terminalreporter.section("ratios to ours")
    terminalreporter.write_line("| work | tool | median | per unit | times ours |")
    terminalreporter.write_line("|---|---|---|---|---|")
    for group, timed in groups.items():
        units = {name: work_and_unit(b) for name, b in timed.items()}
        own = next(
            (b.stats.median / units[name][0] for name, b in timed.items() if any(word in name for word in OURS)), None
        )
        for name, b in timed.items():
            amount, show = units[name]
            ratio = f"{b.stats.median / amount / own:.1f}" if own else ""
            tool = name.partition("[")[2].rstrip("]").replace("_", " ") or name
            terminalreporter.write_line(
                f"| {group} | {tool} | {b.stats.median:.3g} s | {show(b.stats.median / amount)} | {ratio} |"
            )


def work_and_unit(benchmark):
    """How much work a round was, and how to write seconds per piece of it."""
    info = benchmark.extra_info
    if "atoms" in info:
        return info["atoms"] * info["frames"], lambda s: f"{s * 1e9:.3g} ns per atom and frame"
    if "units" in info:
        return info["units"], lambda s: f"{1 / s:,.0f} per second"
    if "megabytes" in info:
        return info["megabytes"], lambda s: f"{1 / s:.3g} MB/s"
    return 1, lambda s: ""
