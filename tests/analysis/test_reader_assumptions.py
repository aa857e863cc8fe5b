"""What a reader takes for granted about a file: units, boxes, molecules, elements, rows; right, refused or noted."""

import numpy as np
import pytest

from autodisco.analysis import analyze
from autodisco.analysis.elements import element_by_name, elements_by_mass
from autodisco.errors import InputError
from tests.analysis.walks import ANION, CHOSEN, ELEMENTS, columns_of, dump_text, frame_text, salt


@pytest.fixture(scope="module")
def it():
    return salt()


@pytest.fixture(scope="module")
def whole(it, tmp_path_factory):
    return properties(tmp_path_factory.mktemp("whole"), dump_text(it))


def properties(folder, text, **more):
    (folder / "run.lammpstrj").write_text(text)
    return analyze(folder / "run.lammpstrj", **CHOSEN | more).properties


def assert_same(found, whole, *sentences, rel=1e-6):
    unknown = []
    for name, value in whole.to_dict().items():
        if isinstance(value, float):
            if name.endswith("_sem") and getattr(found, name) is None:
                unknown.append(name)
            else:
                assert getattr(found, name) == pytest.approx(value, rel=rel), name
    # Whether a series tells its error can hang on the last digit, because a least number of independent values is asked
    # for. Of this motion that holds for one error.
    assert unknown in ([], ["transference_number_sem"])
    assert found.cluster_population == pytest.approx(whole.cluster_population)
    new = [warning for warning in found.warnings if warning not in whole.warnings]
    assert len(new) == len(sentences), new
    for warning, sentence in zip(new, sentences, strict=True):
        assert sentence in warning


# Units

FACTORS = {  # Å, ps and g/mol in a unit of the style, https://docs.lammps.org/units.html
    "real": (1, 1e-3, 1), "metal": (1, 1, 1), "electron": (0.529177210903, 1e-3, 1), "nano": (10, 1e3, 602214.076),
    "micro": (1e4, 1e6, 6.02214076e11), "si": (1e10, 1e12, 6.02214076e26), "cgs": (1e8, 1e12, 6.02214076e23),
}  # fmt: skip


@pytest.mark.parametrize("style", FACTORS)
@pytest.mark.parametrize("names", ["xu yu zu", "xs ys zs"])
def test_units_that_are_known_are_converted(it, whole, tmp_path, style, names):
    length, time, mass = FACTORS[style]
    text = ""
    for k, x in enumerate(it.positions):
        shown = x / it.edges % 1.0 if names == "xs ys zs" else x / length
        columns = columns_of(it, x, mass=it.masses / mass)
        columns |= dict(zip(names.split(), shown.T, strict=True))
        columns = {key: v for key, v in columns.items() if key not in "xu yu zu".split() or key in names.split()}
        header = f"ITEM: UNITS\n{style}\nITEM: TIME\n{k / time!r}\n"
        text += frame_text(x, it.edges / length, columns, 1000 * k, header)
    assert_same(properties(tmp_path, text, dt_ps=None), whole, rel=1e-4)


@pytest.mark.parametrize(
    ("style", "complaint"), [("lj", "UNITS lj are reduced"), ("imperial", "UNITS 'imperial' are unknown")]
)
def test_units_without_a_length_in_angstrom_are_refused(it, tmp_path, style, complaint):
    with pytest.raises(InputError, match=complaint):
        properties(tmp_path, dump_text(it, before=lambda k: f"ITEM: UNITS\n{style}\n"))


def test_masses_in_gram_per_mol_in_a_dump_of_another_unit_are_noted(it, whole, tmp_path):
    stretched = salt()
    stretched.positions, stretched.edges = it.positions / 10, it.edges / 10
    found = properties(tmp_path, dump_text(stretched, before=lambda k: "ITEM: UNITS\nnano\n"))
    assert_same(found, whole, "masses are taken for g/mol", rel=1e-3)


def test_lengths_that_are_no_angstrom_show_in_the_density(it, tmp_path):
    shrunk = salt()
    shrunk.positions, shrunk.edges = it.positions / 10 + 1e-6, np.full(3, 3.01)
    assert any("a density of" in warning for warning in properties(tmp_path, dump_text(shrunk)).warnings)


# Boxes


def npt(it, seed=3):
    """The same motion relative to a box that breathes about its centre at the origin: cells and positions."""
    scale = 1 + 0.01 * np.random.default_rng(seed).normal(size=len(it.positions))
    fractions = it.positions / it.edges - 0.5
    return it.edges * scale[:, None], fractions


def written(it, edges, fractions, place, tilt=0.0, corner=-0.5):
    """A dump of positions that `place` makes of fractions about the centre of a box with its lower corner there."""
    text = ""
    for k, (edge, s) in enumerate(zip(edges, fractions, strict=True)):
        cell = np.diag(edge)
        cell[1, 0] = tilt * edge[0]
        columns = columns_of(it, s)
        columns = {key: v for key, v in columns.items() if key not in "xu yu zu".split()}
        columns |= place(k, s, cell)
        low = corner * cell.sum(axis=0)
        high = low + edge
        if tilt:
            bounds = [(low[0] + min(0, cell[1, 0]), high[0] + max(0, cell[1, 0]), cell[1, 0])]
            bounds += [(low[1], high[1], 0), (low[2], high[2], 0)]
        else:
            bounds = list(zip(low, high, strict=True))
        box = "".join(" ".join(f"{value:.12g}" for value in row) + "\n" for row in bounds)
        text += frame_text(s, box, columns, 1000 * k, flags="xy xz yz pp pp pp" if tilt else "pp pp pp")
    return text


def as_xyz(names):
    def place(k, s, cell):
        return dict(zip(names.split(), (s @ cell).T, strict=True))

    return place


def wrapped(names, slack=0.0, seed=5, flags=False, scaled=False):
    """Positions folded into the box, some of them up to `slack` outside, where an atom has just crossed a face."""
    rng = np.random.default_rng(seed)

    def place(k, s, cell):
        edge = -0.5 + slack * rng.uniform(-1, 1, s.shape)
        images = np.floor(s - edge)
        x = s - images + (0.5 if scaled else 0.0)
        columns = dict(zip(names.split(), (x if scaled else x @ cell).T, strict=True))
        return columns | (dict(zip(("ix", "iy", "iz"), images.astype(int).T, strict=True)) if flags else {})

    return place


WAYS = {
    "wrapped": wrapped("x y z"),
    "slightly outside": wrapped("x y z", 0.03),
    "scaled": wrapped("xs ys zs", scaled=True),
    "scaled, slightly outside": wrapped("xs ys zs", 0.03, scaled=True),
    "images": wrapped("x y z", 0.03, flags=True),
    "scaled images": wrapped("xs ys zs", 0.03, flags=True, scaled=True),
    "scaled unwrapped": lambda k, s, cell: dict(zip(("xsu", "ysu", "zsu"), (s + 0.5).T, strict=True)),
}


@pytest.mark.parametrize("tilt", [0.0, 0.3])
@pytest.mark.parametrize("way", WAYS)
def test_boxes_that_breathe_about_the_origin_give_the_same_in_every_way_of_writing(it, tmp_path, way, tilt):
    edges, fractions = npt(it)
    whole = properties(tmp_path, written(it, edges, fractions, as_xyz("xu yu zu"), tilt=tilt))
    assert_same(properties(tmp_path, written(it, edges, fractions, WAYS[way], tilt=tilt)), whole, rel=1e-5)
    still = properties(
        tmp_path, written(it, edges, np.broadcast_to(fractions[:1], fractions.shape), WAYS[way], tilt=tilt)
    )
    assert still.cation_diffusivity_cm2_per_s == pytest.approx(0, abs=1e-12)
    assert still.polymer_diffusivity_cm2_per_s == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("flags", ["ff pp pp", "pp pp fs", "mm mm mm"])
def test_boxes_that_are_not_periodic_are_refused(it, tmp_path, flags):
    text = dump_text(it)
    with pytest.raises(InputError, match=r"not periodic along [xyz].*conductivities need"):
        properties(tmp_path, text.replace("BOUNDS pp pp pp", f"BOUNDS {flags}"))
    head, sep, last = text.rpartition("ITEM: TIMESTEP")
    with pytest.raises(InputError, match="the box of step 23000 is not periodic"):
        properties(tmp_path, head + sep + last.replace("BOUNDS pp pp pp", f"BOUNDS {flags}"))


def test_a_box_that_does_not_say_whether_it_is_periodic_is_noted(it, whole, tmp_path):
    found = properties(tmp_path, dump_text(it).replace("BOUNDS pp pp pp", "BOUNDS"))
    assert_same(found, whole, "does not state whether its box is periodic")


def test_a_two_dimensional_box_is_refused(it, tmp_path):
    flat = salt()
    flat.positions[..., 2], flat.edges = 0.0, np.array([22.0, 22.0, 1.0])
    with pytest.raises(InputError, match="a box is 1 Å thin"):
        properties(tmp_path, dump_text(flat))


# Rows


def test_atoms_that_change_are_refused(it, tmp_path):
    text = dump_text(it)
    head, sep, last = text.rpartition("ITEM: ATOMS")
    with pytest.raises(InputError, match="the ids of the atoms of step 23000 are not those of the first frame"):
        properties(tmp_path, head + sep + last.replace("\n1 1 1 ", "\n99 1 1 "))
    with pytest.raises(InputError, match=r"run.lammpstrj: two atoms of step 23000 have the same id"):
        properties(tmp_path, head + sep + last.replace("\n1 1 1 ", "\n2 1 1 "))
    lost = last.rstrip().rpartition("\n")[0] + "\n"
    fewer = head[: head.rindex("ITEM: NUMBER")] + head[head.rindex("ITEM: NUMBER") :].replace("\n64\n", "\n63\n")
    with pytest.raises(InputError, match="step 23000 has 63 atoms, not 64"):
        properties(tmp_path, fewer + sep + lost)
    with pytest.raises(InputError, match="not finite"):
        properties(tmp_path, text[: text.rindex(" ")] + " nan\n")


@pytest.mark.parametrize("which", ["first", "last"])
@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("0.0 22.0\n", "0.0 0.0\n", "has a box without volume"),
        ("0.0 22.0\n", "0.0 nan\n", "has a box without volume"),
        ("\n64 20 6 15.999 ", "\n64 20 6 15.999 nan ", "holds coordinates that are not finite"),
    ],
)
def test_frames_that_cannot_be_are_refused_in_one_line(it, tmp_path, which, old, new, complaint):
    text = dump_text(it)
    at = text.index(old) if which == "first" else text.rindex(old)
    rest = text[at + len(old) :]
    if "nan " in new:
        rest = rest.partition(" ")[2]  # in place of a coordinate
    with pytest.raises(InputError, match=complaint) as caught:
        properties(tmp_path, text[:at] + new + rest)
    assert "\n" not in str(caught.value)


def test_rows_without_ids_are_noted_and_checked_by_type(it, whole, tmp_path):
    assert_same(properties(tmp_path, dump_text(it, drop=["id"])), whole, "atoms have no id")
    text = dump_text(it, drop=["id"])
    head, sep, last = text.rpartition("ITEM: ATOMS")
    title, *rows = last.rstrip().split("\n")
    with pytest.raises(InputError, match="the types of the atoms of step 23000 are not those of the first frame"):
        properties(tmp_path, head + sep + "\n".join([title, *rows[::-1]]) + "\n")


def test_types_may_be_names(it, whole, tmp_path):
    labels = {1: "Li+", 2: "N3", 3: "SY", 4: "OY", 5: "CT", 6: "OS"}
    names = np.array([labels[kind] for kind in it.types])
    for column in ("type", "typelabel"):
        text = dump_text(it, **{column: names})
        found = properties(tmp_path, text, cation="name Li+", anion="name N3 SY OY")
        assert_same(found, whole)


# Molecules


def test_mol_numbers_that_number_species_are_told_from_molecules(it, whole, tmp_path):
    species = np.select([it.types == 1, it.types < 5], [1, 2], 3)
    found = properties(tmp_path, dump_text(it, mol=species))
    assert_same(found, whole, "an ion of 8 atoms lies in 8 places", "an ion of 24 atoms lies in 8 places")
    found = properties(tmp_path, dump_text(it, mol=np.where(it.types == 1, 0, it.molecules + 1)))
    assert_same(found, whole, "an ion of 8 atoms lies in 8 places")


def test_ions_that_are_split_among_mol_numbers_are_put_together(it, whole, tmp_path):
    found = properties(tmp_path, dump_text(it, mol=np.arange(len(it.types)) + 1))
    assert_same(found, whole, "atoms of different mol numbers are bonded")
    assert_same(properties(tmp_path, dump_text(it, mol=it.molecules + 1)), whole)


@pytest.mark.parametrize("anion", ["type 2 3 4", "type 3"])
def test_without_mol_numbers_molecules_follow_from_distances_and_that_is_noted(it, tmp_path, anion):
    whole = properties(tmp_path, dump_text(it), anion=anion)
    found = properties(tmp_path, dump_text(it, drop=["mol"]), anion=anion)
    assert_same(found, whole, "tells no molecules")


@pytest.mark.parametrize(("frames", "said"), [(1, "1 frame; to tell"), (3, "3 frames; to tell")])
def test_distances_of_few_frames_tell_no_molecules(it, tmp_path, frames, said):
    text = "".join(f"ITEM: TIMESTEP{part}" for part in dump_text(it, drop=["mol"]).split("ITEM: TIMESTEP")[1:][:frames])
    with pytest.raises(InputError, match=f"run.lammpstrj: {said} molecules by distances, and for a fit, at least 7"):
        properties(tmp_path, text)


def polyanions():
    """Two chains of four anions each with eight cations; two atoms link an anion to the next one, 5.6 Å away."""
    chains = salt(n_chains=2)
    x, links = chains.positions, np.array([[2.87, 0, 0], [4.23, 0, 0]])
    for chain in range(2):
        start = x[:, 8 + 12 * chain].copy()
        for group in range(4):
            first, along = 8 + 12 * chain + 3 * group, np.array([5.6 * group, 0, 0])
            x[:, first : first + 3] = start[:, None] + along + ANION
            link = 32 + 8 * chain + 2 * group
            x[:, link : link + 2] = start[:, None] + along + links
    chains.edges = np.full(3, 30.0)
    chains.molecules = chains.molecules.copy()
    chains.molecules[8:32], chains.molecules[32:] = np.repeat([100, 101], 12), np.repeat([100, 101], 8)
    return chains


def test_a_polyanion_is_not_one_ion(tmp_path):
    with pytest.raises(
        InputError, match=r"4 groups more than 4 Å apart.* a chain of several charged groups is not one ion"
    ):
        properties(tmp_path, dump_text(polyanions()))


def test_charges_of_the_file_tell_ions_of_another_charge(it, whole, tmp_path):
    q = np.select([it.types == 1, it.types == 2], [0.7, -0.7], 0.0)
    assert_same(properties(tmp_path, dump_text(it, q=q)), whole)
    with pytest.raises(InputError, match=r"an ion carries \+2 e by the charges in the file, not \+1 e"):
        properties(tmp_path, dump_text(it, q=q / 0.35))
    assert_same(properties(tmp_path, dump_text(it, q=q / 3)), whole, "carries +0.233 e", "carries -0.233 e")


@pytest.mark.parametrize(
    ("charges", "complaint"), [({"cation_charge": 0.0}, "--cation-charge is 0"), ({"anion_charge": 0.0}, "is 0; a neg")]
)
def test_a_charge_of_zero_is_refused(it, tmp_path, charges, complaint):
    with pytest.raises(InputError, match=complaint):
        properties(tmp_path, dump_text(it), **charges)


# Elements


@pytest.mark.parametrize(
    ("mass", "symbol"),
    [
        (14.007, "N"), (14.0067, "N"), (14.01, "N"), (14.0, "N"), (14.027, ""), (14.0266, ""), (14.03, ""),
        (12.011, "C"), (12.01, "C"), (12.0, "C"), (13.019, ""), (15.035, ""), (15.9994, "O"), (16.0, "O"), (16.043, ""),
        (16.04, ""), (1.008, "H"), (1.0, "H"), (2.014, "H"), (3.024, ""), (2.0, ""), (4.032, ""), (18.998, "F"),
        (6.94, "Li"), (6.941, "Li"), (7.016, "Li"), (22.99, "Na"), (31.009, ""), (30.974, "P"), (28.054, ""),
        (28.086, "Si"), (32.065, "S"), (32.06, "S"), (35.453, "Cl"), (35.5, "Cl"), (39.1, "K"), (72.0, ""), (0.4, ""),
        (11.611, ""), (7.979, ""), (5.963, ""), (9.995, ""), (65.409, "Zn"), (79.9, "Br"), (126.9, "I"), (10.8, "B"),
    ],
)  # fmt: skip
def test_masses_are_elements_only_where_nothing_else_weighs_as_much(mass, symbol):
    assert elements_by_mass([mass])[0] == symbol


@pytest.mark.parametrize(
    ("name", "residue", "alone", "symbol"),
    [
        ("LI", "LI", True, "Li"), ("LI1", "LIT", True, "Li"), ("Li+", "Li+", True, "Li"), ("SOD", "SOD", True, "Na"),
        ("NA", "NA", True, "Na"), ("CA", "CA", True, "Ca"), ("CL", "CL", True, "Cl"), ("CLA", "CLA", True, "Cl"),
        ("CA", "PEO", False, "C"), ("NA", "HEM", False, "N"), ("CD", "PEO", False, "C"), ("CL1", "DCM", False, "Cl"),
        ("HO1", "PEO", False, "H"), ("1HB", "PEO", False, "H"), ("OS", "PEO", False, "O"), ("D", "PEO", False, "H"),
        ("MW", "SOL", False, ""), ("DRUDE", "PEO", False, ""), ("X", "X", True, ""), ("SI", "TMS", False, "Si"),
    ],
)  # fmt: skip
def test_names_of_atoms_begin_with_their_element(name, residue, alone, symbol):
    assert element_by_name(name, residue, alone) == symbol


def with_mass(it, kind, mass):
    return np.where(it.types == kind, mass, it.masses)


@pytest.mark.parametrize("mass", [14.027, 13.019, 16.043, 72.0, 0.4])
def test_united_atoms_and_beads_need_named_atoms(it, tmp_path, mass):
    text = dump_text(it, mass=with_mass(it, 5, mass))
    with pytest.raises(InputError, match=rf"a mass of {mass:g} g/mol belongs to no element \(atom 33 \(type 5"):
        properties(tmp_path, text)
    expected = properties(tmp_path, dump_text(it)).li_polymer_coordination
    assert properties(tmp_path, text, coordinating="type 2 3 4 6").li_polymer_coordination == expected


def test_repartitioned_masses_tell_no_element(it, tmp_path):
    heavy = np.where(it.types == 5, 3.024, np.where(it.types == 6, 13.983, it.masses))
    with pytest.raises(InputError, match=r"a mass of 3\.024 g/mol belongs to no element"):
        properties(tmp_path, dump_text(it, mass=heavy))
    found = properties(tmp_path, dump_text(it, mass=heavy), coordinating="type 2 3 4 6")
    assert found.li_polymer_nitrogen_coordination is None
    assert any("repartitioned hydrogen" in warning for warning in found.warnings)


def test_masses_that_are_placeholders_are_left_aside(it, whole, tmp_path):
    elements = np.array([ELEMENTS[kind] for kind in it.types])
    ones = np.ones(len(it.types))
    assert_same(
        properties(tmp_path, dump_text(it, mass=ones, element=elements)), whole, "a mass of 1, which is no mass"
    )
    with pytest.raises(InputError, match="all masses are 1, which are placeholders, and no elements are stated"):
        properties(tmp_path, dump_text(it, mass=ones))


def test_elements_that_masses_contradict_are_noted(it, tmp_path):
    elements = np.array([{**ELEMENTS, 5: "O", 6: "C"}[kind] for kind in it.types])
    found = properties(tmp_path, dump_text(it, element=elements))
    assert any("of another element by their mass, such as O of 12.011" in warning for warning in found.warnings)
    unknown = np.where(elements == "Li", "Xx", elements)
    complaint = r"neither elements nor masses.*atom 1 \(type 1\) .*name the data file before it, or write a column mass"
    with pytest.raises(InputError, match=complaint):
        properties(tmp_path, dump_text(it, element=unknown, drop=["mass"]))


def test_whole_numbers_may_be_united_atoms(it, tmp_path):
    found = properties(tmp_path, dump_text(it, mass=with_mass(it, 5, 14.0)))
    assert any("read as N though there is no hydrogen" in warning for warning in found.warnings)


def test_a_damaged_coordinate_is_refused(it, tmp_path):
    head, _, row = dump_text(it).rpartition("\n1 1 1 ")
    words, rest = row.split("\n", 1)[0].split(), row.split("\n", 1)[1]
    with pytest.raises(InputError, match=r"an ion moves by .* boxes between two frames; a coordinate is damaged"):
        properties(tmp_path, f"{head}\n1 1 1 {' '.join(words[:-1])} 1e30\n{rest}")


@pytest.mark.parametrize("name", ["cluster_cutoff", "coordination_cutoff"])
def test_a_cutoff_of_many_boxes_is_refused(it, tmp_path, name):
    with pytest.raises(InputError, match="cutoff is 1000; a length of 20 Å at most expected"):
        properties(tmp_path, dump_text(it), **{name: 1000.0})
