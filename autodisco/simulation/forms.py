"""Functional forms of force fields, each described once: parameters and units, LAMMPS style and columns, OpenMM energy.

A `Form` is a bonded interaction; a `PairForm` with a `Mixing` rule is that of two atoms that are not bonded, and a
`PairRule` is what a force field says of all pairs. Parameters are stored in the units of LAMMPS `real`: kcal/mol, Å,
degrees, e. Energies follow the LAMMPS manual (styles class2, harmonic, opls, fourier, lj/class2, lj/cut).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

#: Kinds of bonded terms as LAMMPS names them, with the number of their atoms.
ATOMS_OF_KIND = {"bond": 2, "angle": 3, "dihedral": 4, "improper": 4}
KINDS = tuple(ATOMS_OF_KIND)

KCAL, LENGTH, DEGREE = "kcal/mol", "Å", "degree"
PER_LENGTH = {n: f"kcal/mol/Å^{n}" for n in range(1, 5)}


@dataclass(frozen=True)
class Expression:
    """A custom force of OpenMM, `name`d so that engines can be compared part by part.

    `energy` is written in the `parameters` and the atoms p1, p2, …, for a bond in the distance r. Terms whose
    `strengths` are all zero are left out.
    """

    name: str
    energy: str
    parameters: tuple[str, ...]
    strengths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cosine:
    """``factor × height × (1 + cos(n φ - phase - shift))`` of a torsion φ, which OpenMM has built in.

    `height` and `phase` name parameters; `shift` is in rad.
    """

    n: int
    height: str
    phase: str | None = None
    factor: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True)
class Form:
    """A bonded interaction between the atoms of a term.

    Attributes
    ----------
    name : unique
    kind : ``bond``, ``angle``, ``dihedral`` or ``improper``
    parameters : unit of each parameter by its name, in the order of the columns of `Terms.parameters`
    lammps_style : after ``bond_style`` and the like; None if LAMMPS lacks the form
    lammps_sections : parameters in each section of a data file, by the name before `` Coeffs``; a number is written as
        it stands
    openmm : custom forces
    cosines : the part of a torsion that OpenMM has built in
    """

    name: str
    kind: str
    parameters: Mapping[str, str]
    lammps_style: str | None = None
    lammps_sections: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)
    openmm: tuple[Expression, ...] = ()
    cosines: tuple[Cosine, ...] = ()

    @property
    def atoms(self) -> int:
        """Number of atoms of a term."""
        return ATOMS_OF_KIND[self.kind]

    @property
    def has_openmm(self) -> bool:
        """Whether OpenMM can compute it."""
        return bool(self.openmm or self.cosines)

    def columns(self, names: tuple[str | int, ...]) -> list[int]:
        """Columns of `Terms.parameters` for parameters by name; numbers are left out."""
        order = list(self.parameters)
        return [order.index(name) for name in names if isinstance(name, str)]


def _of(*groups: tuple[str, str]) -> dict[str, str]:
    """Unit of each parameter, from pairs of names (``"A1 A2"``) and their unit."""
    return {name: unit for names, unit in groups for name in names.split()}


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CLASS2_BOND = Form(
    "class2-bond",
    "bond",
    _of(("r0", LENGTH), ("k2", PER_LENGTH[2]), ("k3", PER_LENGTH[3]), ("k4", PER_LENGTH[4])),
    "class2",
    {"Bond": _names("r0 k2 k3 k4")},
    (Expression("bond", "x^2*(k2+x*(k3+x*k4)); x=r-r0", _names("r0 k2 k3 k4")),),
)

CLASS2_ANGLE = Form(
    "class2-angle",
    "angle",
    _of(
        ("t0", DEGREE),
        ("k2 k3 k4", KCAL),
        ("M", PER_LENGTH[2]),
        ("r1 r2", LENGTH),
        ("N1 N2", PER_LENGTH[1]),
        ("s1 s2", LENGTH),
    ),
    "class2",
    {"Angle": _names("t0 k2 k3 k4"), "BondBond": _names("M r1 r2"), "BondAngle": _names("N1 N2 s1 s2")},
    (
        Expression(
            "angle",
            "x^2*(k2+x*(k3+x*k4)) + M*(a-r1)*(b-r2) + x*(N1*(a-s1)+N2*(b-s2));"
            "x=angle(p1,p2,p3)-t0; a=distance(p1,p2); b=distance(p2,p3)",
            _names("t0 k2 k3 k4 M r1 r2 N1 N2 s1 s2"),
        ),
    ),
)

# V (1 - cos(n phi - d)) is V (1 + cos(n phi - d - pi))
CLASS2_TORSION = Form(
    "class2-torsion",
    "dihedral",
    _of(
        *[(f"V{n}", KCAL) if part == "V" else (f"d{n}", DEGREE) for n in (1, 2, 3) for part in "Vd"],
        ("A1 A2 A3", PER_LENGTH[1]),
        ("bm", LENGTH),
        ("B1 B2 B3 C1 C2 C3", PER_LENGTH[1]),
        ("e1 e2", LENGTH),
        ("D1 D2 D3 E1 E2 E3", KCAL),
        ("u1 v1", DEGREE),
        ("M", KCAL),
        ("u2 v2", DEGREE),
        ("N", PER_LENGTH[2]),
        ("g1 g2", LENGTH),
    ),
    "class2",
    {
        "Dihedral": _names("V1 d1 V2 d2 V3 d3"),
        "MiddleBondTorsion": _names("A1 A2 A3 bm"),
        "EndBondTorsion": _names("B1 B2 B3 C1 C2 C3 e1 e2"),
        "AngleTorsion": _names("D1 D2 D3 E1 E2 E3 u1 v1"),
        "AngleAngleTorsion": _names("M u2 v2"),
        "BondBond13": _names("N g1 g2"),
    },
    (
        Expression(
            "torsion cross",
            "(b-bm)*(A1*c1+A2*c2+A3*c3) + (a-e1)*(B1*c1+B2*c2+B3*c3) + (c-e2)*(C1*c1+C2*c2+C3*c3)"
            "+ (u-u1)*(D1*c1+D2*c2+D3*c3) + (v-v1)*(E1*c1+E2*c2+E3*c3) + M*(u-u2)*(v-v2)*c1 + N*(a-g1)*(c-g2);"
            "c3=cos(3*phi); c2=cos(2*phi); c1=cos(phi); phi=dihedral(p1,p2,p3,p4);"
            "a=distance(p1,p2); b=distance(p2,p3); c=distance(p3,p4); u=angle(p1,p2,p3); v=angle(p2,p3,p4)",
            _names("A1 A2 A3 bm B1 B2 B3 C1 C2 C3 e1 e2 D1 D2 D3 E1 E2 E3 u1 v1 M u2 v2 N g1 g2"),
            _names("A1 A2 A3 B1 B2 B3 C1 C2 C3 D1 D2 D3 E1 E2 E3 M N"),
        ),
    ),
    tuple(Cosine(n, f"V{n}", f"d{n}", shift=math.pi) for n in (1, 2, 3)),
)

# The second atom is the centre. chi is the mean over the three ways to choose the bond that leaves the plane.
CLASS2_IMPROPER = Form(
    "class2-improper",
    "improper",
    _of(("K", KCAL), ("chi0", DEGREE), ("M1 M2 M3", KCAL), ("t1 t2 t3", DEGREE)),
    "class2",
    {"Improper": _names("K chi0"), "AngleAngle": _names("M1 M2 M3 t1 t2 t3")},
    (
        Expression(
            "out-of-plane",
            "K*(chi-chi0)^2; chi=-(asin(T/sin(a1))+asin(T/sin(a2))+asin(T/sin(a3)))/3;"
            "T=sin(a1)*sin(a3)*sin(dihedral(p1,p2,p3,p4)); a1=angle(p1,p2,p3); a2=angle(p1,p2,p4); a3=angle(p3,p2,p4)",
            _names("K chi0"),
            ("K",),
        ),
        Expression(
            "angle-angle",
            "M1*x1*x3+M2*x1*x2+M3*x2*x3; x1=angle(p1,p2,p3)-t1; x2=angle(p1,p2,p4)-t2; x3=angle(p3,p2,p4)-t3",
            _names("M1 M2 M3 t1 t2 t3"),
            _names("M1 M2 M3"),
        ),
    ),
)

HARMONIC_BOND = Form(
    "harmonic-bond",
    "bond",
    _of(("k", PER_LENGTH[2]), ("r0", LENGTH)),
    "harmonic",
    {"Bond": _names("k r0")},
    (Expression("bond", "k*(r-r0)^2", _names("k r0")),),
)

HARMONIC_ANGLE = Form(
    "harmonic-angle",
    "angle",
    _of(("k", KCAL), ("t0", DEGREE)),
    "harmonic",
    {"Angle": _names("k t0")},
    (Expression("angle", "k*(angle(p1,p2,p3)-t0)^2", _names("k t0")),),
)

# sum of V_n/2 (1 + (-1)^(n+1) cos(n phi))
OPLS_TORSION = Form(
    "opls-torsion",
    "dihedral",
    _of(("V1 V2 V3 V4", KCAL)),
    "opls",
    {"Dihedral": _names("V1 V2 V3 V4")},
    cosines=tuple(Cosine(n, f"V{n}", factor=0.5, shift=0.0 if n % 2 else math.pi) for n in (1, 2, 3, 4)),
)

# sum of K_n (1 + cos(n phi - d_n))
FOURIER_TORSION = Form(
    "fourier-torsion",
    "dihedral",
    _of(*[(f"K{n}", KCAL) if part == "K" else (f"d{n}", DEGREE) for n in (1, 2, 3, 4) for part in "Kd"]),
    "fourier",
    {"Dihedral": (4, "K1", 1, "d1", "K2", 2, "d2", "K3", 3, "d3", "K4", 4, "d4")},
    cosines=tuple(Cosine(n, f"K{n}", f"d{n}") for n in (1, 2, 3, 4)),
)

FORMS = {
    form.name: form
    for form in (
        CLASS2_BOND,
        CLASS2_ANGLE,
        CLASS2_TORSION,
        CLASS2_IMPROPER,
        HARMONIC_BOND,
        HARMONIC_ANGLE,
        OPLS_TORSION,
        FOURIER_TORSION,
    )
}


@dataclass(frozen=True)
class Mixing:
    """How well depth e and length s of a pair follow from those of its atoms; the name is that of LAMMPS."""

    name: str
    openmm: str


GEOMETRIC = Mixing("geometric", "e=sqrt(e1*e2); s=sqrt(s1*s2)")
ARITHMETIC = Mixing("arithmetic", "e=sqrt(e1*e2); s=0.5*(s1+s2)")
SIXTH_POWER = Mixing("sixthpower", "e=2*sqrt(e1*e2)*(s1*s2)^3/(s1^6+s2^6); s=(0.5*(s1^6+s2^6))^(1/6)")


@dataclass(frozen=True)
class PairForm:
    """Van der Waals energy of two atoms in their well depth e (kcal/mol), length s (Å) and distance r.

    `length` says what s is. `lammps_style` includes Coulomb with a long-range part; `lammps_mixings` are the rules that
    it knows.
    """

    name: str
    length: str
    lammps_style: str
    lammps_mixings: tuple[Mixing, ...]
    openmm: str


LJ96 = PairForm("lj96", "distance of the minimum", "lj/class2/coul/long", (SIXTH_POWER,), "e*(2*(s/r)^9-3*(s/r)^6)")
LJ126 = PairForm(
    "lj126",
    "distance of zero energy",
    "lj/cut/coul/long",
    (GEOMETRIC, ARITHMETIC, SIXTH_POWER),
    "4*e*((s/r)^12-(s/r)^6)",
)

#: Coulomb energy (kJ/mol) of two charges (e) at a distance (nm).
COULOMB = "138.935456*q1*q2/r"


@dataclass(frozen=True)
class PairPotential:
    """A pair potential for OpenMM: `energy` of two atoms, in the `parameters` that `of_atoms` makes of (e, s)."""

    energy: str
    parameters: tuple[str, ...]
    of_atoms: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


Factors = tuple[float, float, float]


@dataclass(frozen=True)
class PairRule:
    """What a force field says of pairs of atoms that share no bonded term.

    `van_der_waals` and `coulomb` are factors for pairs joined by one, two and three bonds; all other pairs count in
    full.
    """

    form: PairForm
    mixing: Mixing
    van_der_waals: Factors = (0.0, 0.0, 1.0)
    coulomb: Factors = (0.0, 0.0, 1.0)

    @property
    def potential(self) -> PairPotential:
        """The van der Waals energy for OpenMM.

        The 9-6 potential with sixth-power mixing has a closed form that needs no root of sixth degree: with
        c = sqrt(e) s³ and g = s⁶ of each atom, e s⁶ of the pair is c₁c₂ and its s³ is sqrt((g₁ + g₂) / 2).
        """
        if (self.form.name, self.mixing.name) == (LJ96.name, SIXTH_POWER.name):
            return PairPotential(
                "c1*c2/r^6*(2*sqrt((g1+g2)/2)/r^3-3)",
                ("c", "g"),
                lambda e, s: np.column_stack([np.sqrt(e) * s**3, s**6]),
            )
        return PairPotential(
            f"{self.form.openmm}; {self.mixing.openmm}", ("e", "s"), lambda e, s: np.column_stack([e, s])
        )

    @property
    def without_scaled(self) -> "PairRule":
        """The rule in which pairs that do not count in full do not count at all."""

        def whole(factors: Factors) -> Factors:
            return tuple(float(factor == 1.0) for factor in factors)  # type: ignore[return-value]

        return replace(self, van_der_waals=whole(self.van_der_waals), coulomb=whole(self.coulomb))
