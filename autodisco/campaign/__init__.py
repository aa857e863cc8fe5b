"""The autonomous loop: a campaign file becomes a folder that a daemon fills until there is nothing new to find.

`load` reads a campaign file and `run` walks it to its end in this process; `start`, `pause`, `resume` and `stop` are
for another process; `open_folder` finds the campaign of a folder.
"""

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.campaign_file import load
from autodisco.campaign.campaign_folder import open_folder
from autodisco.campaign.control import live_owner, pause, resume, start, stop
from autodisco.campaign.daemon import run
from autodisco.campaign.settings import Settings
from autodisco.campaign.settings_file import read_settings
from autodisco.campaign.setup import full_runs

__all__ = [
    "Campaign",
    "Settings",
    "full_runs",
    "live_owner",
    "load",
    "open_folder",
    "pause",
    "read_settings",
    "resume",
    "run",
    "start",
    "stop",
]
