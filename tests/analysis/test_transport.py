"""Transport properties of motions that are known beforehand, and what must not change them."""

from dataclasses import replace

import numpy as np
import pytest

from autodisco.analysis.diffusion import choose_window
from autodisco.analysis.frames import Settings
from autodisco.analysis.observables.displacement import Displacement
from autodisco.analysis.observables.gyration import relaxing
from autodisco.analysis.observables.lifetimes import Decay, decay_time
from autodisco.analysis.observe import observe
from autodisco.analysis.trajectory import Chunk, Composition, Species, Trajectory, hosts_among
from autodisco.errors import InputError
from autodisco_kernels import SpellRecorder, cross_displacement, nernst_einstein

T = 400.0


def salt(n_cations, n_anions, charges=(1.0, -1.0), n_host=4):
    """Host atoms (two C, two O), then monatomic cations (Li) and anions (Cl)."""
    elements = np.array(["C", "O"] * (n_host // 2) + ["Li"] * n_cations + ["Cl"] * n_anions)
    masses = np.array([{"C": 12.011, "O": 15.999, "Li": 6.94, "Cl": 35.45}[e] for e in elements])
    cations = np.arange(n_host, n_host + n_cations)
    anions = np.arange(n_host + n_cations, len(elements))
    species = tuple(
        Species(name, charge, atoms[:, None], atoms, np.arange(len(atoms)))
        for name, charge, atoms in (("cations", charges[0], cations), ("anions", charges[1], anions))
    )
    host = np.arange(n_host)
    return Composition(elements, masses, species, host, hosts_among(host, elements))


def trajectory(who, positions, cells, unwrapped=True, dt=1.0):
    cells = np.broadcast_to(np.asarray(cells, float), (len(positions), 3, 3))

    def chunks(length):
        for start in range(0, len(positions), length):
            yield Chunk(positions[start : start + length], cells[start : start + length])

    return Trajectory("memory", who, chunks, unwrapped, T, dt, n_frames=len(positions))


def properties(*arguments, **settings):
    return observe(trajectory(*arguments), Settings(**settings)).properties


def brownian(n_frames, who, cell, d_cation, d_anion, seed=0):
    """Hosts at rest, ions on random walks with diffusivities in Å² per frame; heavy hosts hold the centre of mass."""
    rng = np.random.default_rng(seed)
    n = len(who.elements)
    scale = np.zeros(n)
    scale[who.species[0].sites], scale[who.species[1].sites] = np.sqrt(2 * d_cation), np.sqrt(2 * d_anion)
    steps = rng.normal(size=(n_frames, n, 3)) * scale[:, None]
    return rng.random((n, 3)) @ cell + np.cumsum(steps, axis=0)


@pytest.fixture(scope="module")
def free():
    """Three hundred free ion pairs over 1,000 frames; and their wrapped image in a skewed box."""
    cell = np.array([[300.0, 0, 0], [80, 320, 0], [-50, 60, 310]])
    who = salt(300, 300)
    who.masses[:4] = 1e6
    positions = brownian(1000, who, cell, 0.5, 0.2)
    return who, positions, cell


def test_chains_that_still_change_their_size_are_warned_of(free):
    rng = np.random.default_rng(1)
    noise = rng.normal(100.0, 5.0, 1000)
    growing = noise + np.linspace(0.0, 100.0, 1000)
    short = np.linspace(100.0, 200.0, 61)  # as many frames as `quick` has
    for squared, warned in ((noise, False), (growing, True), (short, True), (noise[:61], False)):
        assert any("chains still relax" in warning for warning in relaxing(squared)) == warned


def test_chains_of_the_default_protocol_are_looked_at_too():
    who, cell = salt(4, 4), np.eye(3) * 100.0
    positions = brownian(61, who, cell, 0.1, 0.1)  # as many frames as `quick` writes
    positions[:, :4] = np.arange(4)[:, None] * np.linspace(2.0, 4.0, 61)[:, None, None]  # grows to twice its length
    chains = replace(who, chains=(np.arange(4),))
    assert any("chains still relax" in warning for warning in properties(chains, positions, cell).warnings)
    assert properties(who, positions, cell).radius_of_gyration_angstrom is None


def test_brownian_ions_give_their_diffusivities_and_the_whole_window(free):
    values = properties(*free)
    for name, known in (("cation", 0.5e-4), ("anion", 0.2e-4)):
        value, error = (getattr(values, f"{name}_diffusivity_cm2_per_s{end}") for end in ("", "_sem"))
        assert abs(value - known) < 4 * error
        assert error < 0.1 * known
    volume = float(np.linalg.det(free[2]))
    known = nernst_einstein([(300, 1, 0.5e-4), (300, -1, 0.2e-4)], volume, T)
    assert abs(values.conductivity_ne_s_per_cm - known) < 4 * values.conductivity_ne_s_per_cm_sem
    assert not any("diffusive" in warning for warning in values.warnings)
    parts = values.onsager_cation_cation_s_per_cm + values.onsager_anion_anion_s_per_cm
    assert values.conductivity_einstein_s_per_cm == pytest.approx(parts + 2 * values.onsager_cation_anion_s_per_cm)
    assert values.haven_ratio * values.ionicity == pytest.approx(1)


def test_wrapped_and_unwrapped_trajectories_give_the_same(free):
    who, positions, cell = free
    fractional = positions @ np.linalg.inv(cell)
    wrapped = (fractional - np.floor(fractional)) @ cell + [12.0, -70.0, 5.0]
    whole, folded = (properties(who, x, cell, u).to_dict() for x, u in ((positions, True), (wrapped, False)))
    for name, value in whole.items():
        if isinstance(value, float):
            assert folded[name] == pytest.approx(value, rel=1e-6), name
    assert folded["cluster_population"] == pytest.approx(whole["cluster_population"])


def test_size_of_the_chunks_and_threads_change_nothing(free):
    who, positions, cell = free
    seen = [properties(who, positions[:150], cell, memory_mb=m, threads=n).to_dict() for m, n in ((500, 1), (0.2, 3))]
    for name, value in seen[0].items():
        # Blocks of time may end a few frames earlier or later, which concerns errors alone.
        if isinstance(value, float) and not name.endswith("_sem"):
            assert seen[1][name] == pytest.approx(value, rel=1e-9), name


def test_a_box_that_breathes_is_not_diffusion():
    rng = np.random.default_rng(4)
    who = salt(20, 20)
    # Fixed fractional positions in a box that swells and shrinks, some of them many images away.
    fractional = rng.random((44, 3))
    edges = 40.0 * (1 + 0.02 * np.sin(np.arange(300) / 0.7))
    cells = edges[:, None, None] * np.eye(3)
    far = fractional + rng.integers(-5, 6, (44, 3))
    for positions, unwrapped in ((fractional, False), (far, True)):
        still = properties(who, positions @ cells, cells, unwrapped)
        assert still.cation_diffusivity_cm2_per_s < 1e-7
        assert still.density_g_per_cm3_sem > 0


def test_ions_that_move_together_have_the_onsager_coefficients_of_their_common_noise():
    # Each pair shares a part of its steps: L++ = N (Dc + Ds), L-- = N (Da + Ds), L+- = N Ds.
    rng = np.random.default_rng(5)
    n, frames, own, shared = 100, 40000, (0.3, 0.1), 0.2
    sums = []
    noise = rng.normal(size=(3, frames, 3)) * np.sqrt(2 * n * np.array([own[0], own[1], shared]))[:, None, None]
    for k in (0, 1):
        sums.append(np.cumsum(noise[k] + noise[2], axis=0))
    lags = np.arange(1, 11)
    for a, b, known in ((0, 0, own[0] + shared), (1, 1, own[1] + shared), (0, 1, shared)):
        found = cross_displacement(sums[a], sums[b])[lags] / (6 * lags)
        np.testing.assert_allclose(found, n * known, rtol=0.08)


def test_pairs_that_never_part_carry_no_current_but_diffuse():
    rng = np.random.default_rng(6)
    who, cell = salt(15, 15), np.diag([90.0, 90, 90])
    who.masses[:4] = 1e6
    path = rng.random((15, 3)) * 90 + np.cumsum(rng.normal(scale=0.3, size=(300, 15, 3)), axis=0)
    positions = np.concatenate(
        [np.broadcast_to(rng.random((4, 3)) * 90, (300, 4, 3)), path, path + [2.0, 0, 0]], axis=1
    )
    values = properties(who, positions, cell)
    assert values.conductivity_ne_s_per_cm > 0
    assert values.conductivity_einstein_s_per_cm == pytest.approx(0, abs=1e-12)
    assert values.onsager_cation_anion_s_per_cm == pytest.approx(-values.onsager_cation_cation_s_per_cm)
    assert values.ion_pair_lifetime_ps is None
    assert values.ionicity == pytest.approx(0, abs=1e-9)
    assert values.haven_ratio is None
    assert values.transference_number_einstein is None


def test_divalent_salt_counts_its_charges():
    who, cell = salt(100, 200, (2.0, -1.0)), np.diag([400.0, 400, 400])
    who.masses[:4] = 1e6
    values = properties(who, brownian(300, who, cell, 0.4, 0.4, seed=7), cell)
    known = nernst_einstein([(100, 2, 0.4e-4), (200, -1, 0.4e-4)], 400.0**3, T)
    assert values.conductivity_ne_s_per_cm == pytest.approx(known, rel=0.1)
    assert values.conductivity_s_per_cm == pytest.approx(values.conductivity_ne_s_per_cm, rel=0.05)
    assert values.transference_number_ne == pytest.approx(4 / 6, abs=0.05)


def test_caged_ions_are_fitted_after_they_leave_their_cage():
    # Rattling within 4 Å² until diffusion has outgrown it: the log–log slope 0.2 t / (4 + 0.2 t) is 0.9 at lag 180.
    lags = np.arange(2001.0)
    curve = 4 * (1 - np.exp(-lags / 3)) + 0.2 * lags
    groups = curve * np.array([0.99, 1.0, 1.01])[:, None]
    window = choose_window(curve, groups, 300)
    assert window.found
    assert window.last == 1000
    assert 125 <= window.first <= 250


def test_sub_diffusion_is_said_and_fitted_over_the_fixed_window():
    lags = np.arange(1001.0)
    window = choose_window(lags**0.6, (lags**0.6) * np.array([[0.99], [1.01]]), 20)
    assert (window.first, window.last, window.found) == (150, 500, False)


def test_the_lags_asked_for_are_fitted_and_short_ones_are_known_better(free):
    who, positions, cell = free
    spreads = {}
    for lags in ((10, 30), (150, 450)):
        asked = replace(trajectory(who, positions, cell), fit_ps=lags)
        seen = observe(asked)
        assert {(fit.window.first, fit.window.last) for fit in seen.run.get(Displacement).fits} == {lags}
        found = seen.properties
        assert abs(found.cation_diffusivity_cm2_per_s - 0.5e-4) < 4 * found.cation_diffusivity_cm2_per_s_sem
        spreads[lags] = found.cation_diffusivity_cm2_per_s_sem
    assert spreads[10, 30] < spreads[150, 450]


@pytest.mark.parametrize(
    ("lags", "complaint"),
    [
        ((0.1, 0.2), "two lags or more between 1 and 999 ps"),
        ((30, 10), "first lag has to be below"),
        ((10, 2000), "has 999 ps"),
    ],
)
def test_lags_outside_the_run_are_refused(free, lags, complaint):
    with pytest.raises(InputError, match=complaint):
        observe(replace(trajectory(*free), fit_ps=lags))


def test_trajectory_said_to_be_unwrapped_that_is_not_is_refused(free):
    who, positions, cell = free
    fractional = positions[:100] @ np.linalg.inv(cell)
    with pytest.raises(InputError, match="ions jump by whole boxes"):
        properties(who, (fractional - np.floor(fractional)) @ cell, cell, True)


@pytest.mark.parametrize(
    ("who", "motion", "edge"),
    [
        (salt(1, 1), 0.1, 30.0),
        (salt(5, 5, n_host=0), 0.1, 30.0),
        (salt(4, 4), 0.0, 30.0),
        (salt(4, 4), 0.1, 1000.0),
        (salt(4, 4), 0.001, 3.0),
    ],
    ids=["one pair", "nothing but ions", "at rest", "far apart", "box smaller than the cutoff"],
)
@pytest.mark.filterwarnings("error")
def test_odd_systems_have_properties_and_plots(tmp_path, who, motion, edge):
    cell = np.eye(3) * edge
    seen = observe(trajectory(who, brownian(50, who, cell, motion, motion), cell))
    assert seen.properties["conductivity_s_per_cm"] >= 0
    assert all(path.stat().st_size > 1000 for path in seen.plot(tmp_path))


def test_ions_may_travel_further_than_half_the_box_where_images_are_counted():
    who, cell = salt(40, 40), np.diag([12.0, 12, 12])
    who.masses[:4] = 1e6
    values = properties(who, brownian(300, who, cell, 10.0, 10.0, seed=8), cell)
    assert values.cation_diffusivity_cm2_per_s == pytest.approx(10e-4, rel=0.15)


def test_ions_without_anything_else_have_no_current_of_their_own():
    who, cell = salt(30, 30, n_host=0), np.diag([60.0, 60, 60])
    values = properties(who, brownian(300, who, cell, 0.4, 0.4, seed=9), cell)
    assert values.conductivity_einstein_s_per_cm is not None
    assert values.transference_number_einstein is None
    assert values.onsager_cation_cation_s_per_cm is None
    assert any("nothing but ions" in warning for warning in values.warnings)


def test_a_cation_of_two_atoms_counts_a_neighbour_once():
    # Both atoms of the cation touch the one oxygen.
    elements = np.array(["O", "N", "N", "Cl", "C"])
    cation = Species("cations", 1.0, np.array([[1, 2]]), np.array([1, 2]), np.array([0, 0]))
    anion = Species("anions", -1.0, np.array([[3]]), np.array([3]), np.array([0]))
    who = Composition(elements, np.array([16.0, 14, 14, 35, 1e6]), (cation, anion), np.array([0, 4]), np.array([0]))
    x = np.array([[0.0, 0, 0], [2.0, 0, 0], [0, 2.0, 0], [15, 15, 15], [10, 10, 10]])
    values = properties(who, np.broadcast_to(x, (10, 5, 3)), np.eye(3) * 40)
    assert values.li_polymer_coordination == 1.0


def test_contacts_that_break_between_two_frames_have_no_time():
    spells = SpellRecorder()
    for frame in range(100):
        spells.add(np.array([frame]), np.array([0, 1]))
    assert decay_time(spells.spells(), 1.0) == Decay(None)
    lasting = SpellRecorder()
    for frame in range(100):
        lasting.add(np.array([frame // 10]), np.array([0, 1]))
    # Of ten origins per spell, 10 - lag are left after the lag, less the origins that the end of the run cuts off.
    assert 5.5 < decay_time(lasting.spells(), 1.0).value < 7


def test_box_without_volume_and_too_short_a_run_are_refused():
    who = salt(2, 2)
    with pytest.raises(InputError, match="box without volume"):
        properties(who, brownian(20, who, np.eye(3) * 30, 0.1, 0.1), np.diag([30.0, 30, 0]))
    with pytest.raises(InputError, match="6 frames; a fit needs at least 7"):
        properties(who, brownian(6, who, np.eye(3) * 30, 0.1, 0.1), np.eye(3) * 30)
