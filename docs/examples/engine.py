"""An engine that moves nothing: each frame is the box as it was built. It shows what a real one has to leave."""

import numpy as np
from MDAnalysis.lib.formats.libdcd import DCDFile

from autodisco.simulation.engines import Engine
from autodisco.simulation.engines.report import report_line


class Still(Engine):
    """Copies the first frame."""

    def check(self):
        """Nothing has to be installed."""

    def write(self, folder, system, protocol, seed, timestep_scale=1.0):
        density = system.masses.sum() / system.box.prod() / 0.602214
        np.savez(folder / "start.npz", positions=system.positions, box=system.box, density=density)

    def start(self, folder, plan, tell):
        self.folder, self.timeline, self.tell = folder, plan.timeline, tell
        self.box = np.load(folder / "start.npz")

    def run_leg(self, leg):
        energy, pressure = 0.0, 1.0
        row = (leg.step, leg.end, self.timeline.protocol.temperature_k, pressure, self.box["density"], energy)
        with open(self.folder / "report.txt", "a") as report:
            report.write(report_line(row))
        if self.timeline.is_production(leg.place):
            self.write_frames(1 + leg.end // self.timeline.frame)
        self.tell(leg.place, 0)
        return leg.place

    def write_frames(self, number):
        x, y, z = self.box["box"]
        with DCDFile(str(self.folder / "trajectory.dcd"), "w") as out:
            out.write_header(remarks="", natoms=len(self.box["positions"]), istart=0, nsavc=1, delta=1.0, is_periodic=1)
            for _ in range(number):
                out.write(self.box["positions"].astype(np.float32), np.array([x, 90, y, 90, 90, z]))
