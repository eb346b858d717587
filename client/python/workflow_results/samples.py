"""Works as the pipelines of a radio telescope make them: to show the service with, and to measure it."""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

SEED: Final = 20_250_601
PIPELINES: Final = ("frb-dm", "frb-baseband", "frb-localization")
"""In the order in which they look at an event; many events do not get to the last one."""

_EPOCH: Final = 1_748_736_000.0
"""The creation of the first work: 2025-06-01 in UTC."""
_FIRST_EVENT: Final = 385_700_000
_FAILURES: Final = 0.03
_SECOND_EVENTS: Final = 0.02
_GOES_ON: Final = (0.6, 0.6, 0.0)
"""How often an event goes on to the next pipeline."""
_BLOCK: Final = 512
"""Random numbers are drawn for that many works at once, which is far faster than one by one."""
_CHANNELS: Final = 32

_SITES: Final = ("chime", "chime", "chime", "kko", "gbo", "hco")
_USERS: Final = ("bessel", "hewish", "lorimer", "parkes")
_TAGS: Final = (("classified",), ("classified", "repeater"), ("classified", "bright"), ("verified", "one-off"))
_FUNCTIONS: Final = ("dm_utils.fit.structure", "baseband_analysis.beamform", "baseband_analysis.localize")
_TRACEBACK: Final = """Traceback (most recent call last):
  File "/opt/pipelines/{module}.py", line {line}, in {function}
    burst = find_peak(spectrum, window={window})
ValueError: no peak above the noise in event {event}"""


def sample_works(number: int, seed: int = SEED) -> Iterator[dict[str, Any]]:
    """Make works of three pipelines that analyse fast radio bursts, each about 1.4 kB of BSON.

    They have the keys of `Work.payload` of workflow-core, and numpy scalars and arrays among their results. Ids grow
    with the time of creation. An event is seen by one to three of the pipelines, and a few works belong to two. A few
    have failed: their `results` are None, and the message for Slack holds the traceback.

    Args:
        number: How many.
        seed: The same seed gives the same works, of which a smaller number gives the first ones.

    Returns:
        The works, oldest first, made as they are asked for.

    Raises:
        ImportError: numpy is not installed.
    """
    try:
        from numpy.random import default_rng
    except ImportError as error:
        raise ImportError("sample works need numpy: pip install 'workflow-results[demo]'") from error
    return islice(_works(default_rng(seed)), number)


def _works(random: np.random.Generator) -> Iterator[dict[str, Any]]:
    machine = random.bytes(5).hex()
    counter = count()
    event, created, stage, parent = _FIRST_EVENT, _EPOCH, 0, None
    burst: dict[str, Any] = {}
    while True:
        chances = random.random((_BLOCK, 3)).tolist()
        picks = random.integers(0, 1 << 16, (_BLOCK, 4)).tolist()
        times = random.exponential((9.0, 30.0, 90.0), (_BLOCK, 3)).tolist()
        for chance, pick, (gap, wait, run), new_burst in zip(chances, picks, times, _bursts(random), strict=True):
            # No two works have the same second, so that ids grow with creation even where their counter wraps around.
            created += 1 + gap
            id_ = f"{int(created):08x}{machine}{next(counter) & 0xFFFFFF:06x}"
            if stage == 0:
                event += 1 + pick[0] % 97
                burst = new_burst
            failed = chance[0] < _FAILURES
            work = _work(id_, stage, event, pick, None if failed else burst)
            work |= {"creation": created, "start": created + wait, "stop": created + wait + run}
            work["config"]["parent"] = parent
            if chance[1] < _SECOND_EVENTS:
                work["event"].append(event - 1 - pick[1] % 97)
            yield work
            stage, parent = (stage + 1, id_) if not failed and chance[2] < _GOES_ON[stage] else (0, None)


def _bursts(random: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Return what is measured of each burst of a block."""
    dm = random.lognormal(6.2, 0.6, _BLOCK).round(3)
    dm_error = random.gamma(2.0, 0.08, _BLOCK).round(3)
    snr = (8.5 * random.random(_BLOCK) ** (-1 / 1.5)).round(2)  # as sources spread evenly through space have it
    width = random.lognormal(0.5, 0.8, _BLOCK).round(3)
    fluence = (snr * width**0.5 * 0.4).round(3)
    ra = random.uniform(0.0, 360.0, _BLOCK).round(5).tolist()
    dec = random.uniform(-10.0, 90.0, _BLOCK).round(5).tolist()
    beams = random.integers(0, 256, _BLOCK).tolist()
    columns = random.integers(1, 5, _BLOCK).tolist()
    spectra = random.normal(1.0, 0.3, (_BLOCK, _CHANNELS)).astype("float32")
    for index in range(_BLOCK):
        yield {
            "dm": dm[index],
            "dm_error": dm_error[index],
            "snr": snr[index],
            "fluence_jy_ms": fluence[index],
            "width_ms": width[index],
            "beams": [1000 * column + beams[index] for column in range(columns[index])],
            "ra_deg": ra[index],
            "dec_deg": dec[index],
            "spectrum": spectra[index],
        }


def _work(id_: str, stage: int, event: int, pick: list[int], burst: dict[str, Any] | None) -> dict[str, Any]:
    """Make the payload of a work, its times aside; without a burst it has failed."""
    pipeline = PIPELINES[stage]
    function = _FUNCTIONS[stage]
    directory = f"/arc/projects/chimefrb/{pipeline}/{event}"
    message = None
    if burst is None:
        module, _, name = function.rpartition(".")
        message = _TRACEBACK.format(
            module=module.replace(".", "/"), line=40 + pick[2] % 400, function=name, window=pick[3] % 64, event=event
        )
    return {
        "pipeline": pipeline,
        "site": _SITES[pick[1] % len(_SITES)],
        "user": _USERS[pick[2] % len(_USERS)],
        "function": function,
        "parameters": {"event": event, "downsample": 1 << pick[3] % 4, "polarization": "both"},
        "command": None,
        "results": burst and {**burst},
        "products": burst and [f"{directory}/{id_}.h5"],
        "plots": burst and [f"{directory}/waterfall.png", f"{directory}/{pipeline}.png"],
        "tags": [*_TAGS[pick[0] % len(_TAGS)]],
        "event": [event],
        "id": id_,
        "creation": None,
        "start": None,
        "stop": None,
        "attempt": 1 if burst else 3,
        "status": "success" if burst else "failure",
        "timeout": 3600,
        "retries": 2,
        "priority": 1 + pick[1] % 5,
        "config": {
            "archive": {"results": True, "products": "copy", "plots": "copy", "logs": "move"},
            "metrics": False,
            "parent": None,
            "orgs": ["chimefrb"],
            "teams": ["frb-analysis"],
        },
        "notify": {
            "slack": {
                "channel_id": "C01JYQZQX0Y",
                "member_ids": None,
                "message": message,
                "results": True,
                "products": None,
                "plots": None,
                "blocks": None,
                "reply": None if burst else {"ok": True},
            }
        },
    }
