"""The demo's story, step by step; each step raises when it did not really happen."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console

from gateway.demo import beginning, ending, meanwhile
from gateway.demo.stage import Stage, StepFailedError
from gateway.demo.telling import Story

ACTS = (
    beginning.post,
    beginning.wait_and_release,
    beginning.open_copies,
    beginning.stranger,
    meanwhile.patch_put_right,
    meanwhile.dates,
    meanwhile.attacks,
    meanwhile.reminder,
    ending.leak,
    ending.lift,
    ending.publish,
    ending.learn,
    ending.look_back,
    ending.destroy,
)


async def run(*, keep: bool) -> int:
    """Play the story. Exit code 0 only when every step was checked; ``keep`` leaves the directory."""
    console = Console()
    directory = Path(tempfile.mkdtemp(prefix="embargo-demo-"))
    stage = Stage(directory)
    story = Story(stage, console)
    began = asyncio.get_running_loop().time()
    try:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(stage.close)
            await beginning.set_up(story, stack)
            for act in ACTS:
                await act(story)
            if keep:
                story.tell("the people's GnuPG homes are removed with the demo; the gateway's state is kept")
    except (StepFailedError, TimeoutError, OSError) as error:
        console.print(f"\n[red]The demo failed:[/red] {str(error) or type(error).__name__}", highlight=False)
        return 1
    finally:
        if keep:
            console.print(f"\nLeft behind, as you asked: {directory}", highlight=False, soft_wrap=True)
            if (report := directory / "report.html").exists():
                console.print(f"Its whole life on one page: {report}", highlight=False, soft_wrap=True)
            console.print(f"Go on with: embargo --config {stage.config} disclosure ls", highlight=False, soft_wrap=True)
        else:
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
    _close(story, asyncio.get_running_loop().time() - began)
    return 0


def _close(story: Story, seconds: float) -> None:
    story.console.print(
        f"\n[bold]{story.checks} checks held in {seconds:.0f} s.[/bold] Posted, held, released to three members sealed "
        "to each alone, a stranger kept out, a date proposed, voted down, moved earlier and reminded of, a patch put "
        "right, attacks confirmed, a leak told, vouched for and assessed, lifted, published, learnt from, closed, "
        "destroyed.",
        highlight=False,
    )
