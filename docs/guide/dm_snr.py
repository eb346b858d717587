"""Draw the SNR of bursts against their DM: `python docs/guide/dm_snr.py HOST:PORT PIPELINE FILE.png`."""

import sys

from matplotlib.figure import Figure

from workflow_results import Results

COLUMNS = {"id": str, "results.dm": float, "results.snr": float, "results.width_ms": float}


def main(target: str, pipeline: str, path: str) -> None:
    """Read the successful results of a pipeline, and draw them."""
    with Results(target) as results:
        bursts = results.to_pandas(pipeline, {"status": "success", "results.snr": {"$gt": 8}}, schema=COLUMNS)

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    points = axes.scatter(
        bursts["results.dm"], bursts["results.snr"], c=bursts["results.width_ms"], s=6, cmap="viridis", norm="log"
    )
    axes.set(xscale="log", yscale="log", xlabel="DM (pc cm⁻³)", ylabel="SNR", title=f"{len(bursts):,} bursts")
    figure.colorbar(points, label="width (ms)")
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main(*sys.argv[1:])
