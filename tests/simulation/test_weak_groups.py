"""Flags of groups for which the force field is weak: each is found, and nothing else is flagged for it."""

import pytest

from autodisco.polymer import parse
from autodisco.polymer.chains import chain
from autodisco.simulation.forcefield.weak_groups import WEAK_GROUPS, weak_groups

EXAMPLES = {
    "acyl hydrazide": "*CC(C(=O)NNC)*",
    "alcohol": "*CC(O)*",
    "alkylfluorobenzene": "*CC(c1ccc(F)cc1)*",
    "alkylpyridine": "*Cc1ccnc(C*)c1",
    "aryl ketone": "*c1ccc(cc1)C(=O)C*",
    "cyclic carbamate": "*CC(*)N1CCOC1=O",
    "cyclic carbonate": "*CC(*)C1COC(=O)O1",
    "cyclic urea": "*CC(*)N1CCNC1=O",
    "difluoroacetal": "*CC1OC(F)(F)OC1*",
    "dithioester": "*CCC(=S)S*",
    "enamine": "*CC(*)NC=C",
    "hydrazine": "*CCN(C)N(C)*",
    "hydroxamate": "*CCC(=O)NO*",
    "imide": "*CCN1C(=O)CC(*)C1=O",
    "lactam": "*CC(*)N1CCCC1=O",
    "N-alkylpyrrole": "*CCn1cccc1*",
    "open carbonate": "*CCOC(=O)O*",
    "oxazole": "*Cc1cnc(*)o1",
    "peroxide": "*CCOO*",
    "phosphate": "*CCOP(=O)(OC)O*",
    "phosphoramide": "*CC(P(=O)(C)N(C)C)*",
    "phosphonate": "*CCP(=O)(OC)O*",
    "pyrazole or triazole": "*CC(c1c[nH]nn1)*",
    "primary amine": "*CC(CN)*",
    "sulfenate": "*CCSO*",
    "sulfite": "*CCOS(=O)O*",
    "sulfonamide": "*CCS(=O)(=O)N*",
    "tertiary amine": "*CCN(C)*",
    "thioamide": "*CCC(=S)N*",
    "thiocarbamate": "*CC(SC(=O)NC)*",
    "thiocarbonate": "*CC(SC(=O)OC)*",
    "thioester": "*CCC(=O)S*",
    "thionocarbamate": "*CC(OC(=S)NC)*",
    "thionoester": "*CCC(=S)O*",
    "thiophene": "*c1ccc(CC*)s1",
    "trifluoromethyl ether": "*CC(OC(F)(F)F)*",
}
INNOCENT = {
    "poly(ethylene oxide)": "*OCC*",
    "poly(propylene oxide)": "*OCC(*)C",
    "polyethylene": "*CC*",
    "polyoxymethylene": "*CO*",
    "poly(methyl methacrylate)": "*CC(C)(C(=O)OC)*",
    "poly(vinyl acetate)": "*CC(OC(C)=O)*",
    "polystyrene": "*CC(c1ccccc1)*",
    "polyacrylonitrile": "*CC(C#N)*",
    "polylactide": "*OC(C)C(=O)*",
    "poly(ethylene terephthalate)": "*CCOC(=O)c1ccc(cc1)C(=O)O*",
    "nylon 6": "*CCCCCC(=O)N*",
    "poly(N,N-dimethylacrylamide)": "*CC(C(=O)N(C)C)*",
    "polyurethane": "*CCOC(=O)NCCNC(=O)O*",
    "polysulfone": "*Oc1ccc(cc1)S(=O)(=O)c1ccc(cc1)*",
    "poly(phenylene oxide)": "*Oc1c(C)cc(*)cc1C",
    "poly(2-vinylimidazole)": "*CC(c1ncc[nH]1)*",
    "poly(phenylene sulfide)": "*Sc1ccc(*)cc1",
    "poly(ethylene sulfide)": "*CCS*",
    "poly(ethylene disulfide)": "*CCSS*",
    "poly(vinylidene fluoride)": "*CC(F)(F)*",
    "poly(trifluoroethyl acrylate)": "*CC(C(=O)OCC(F)(F)F)*",
    "poly(tetrafluoroethylene oxide)": "*C(F)(F)C(F)(F)O*",
    "poly(4-trifluoromethylstyrene)": "*CC(c1ccc(cc1)C(F)(F)F)*",
    "polyurea": "*CCNC(=O)N*",
    "polyacetone": "*CC(C(C)=O)*",
    "polyethylenimine": "*CCN*",
    "poly(dimethyl phosphazene)": "*N=P(C)(C)*",
    "polyfuran": "*c1ccc(*)o1",
    "polypyrrole": "*c1ccc(*)[nH]1",
}


def flags(unit: str) -> tuple[str, ...]:
    return weak_groups(chain(parse(unit), 3).mol, set())


def test_every_weak_group_has_an_example():
    assert {group.name for group in WEAK_GROUPS if group.smarts} == EXAMPLES.keys()
    assert len({group.name for group in WEAK_GROUPS}) == len(WEAK_GROUPS)
    assert all(group.reason and any(letter.isdigit() for letter in group.figure) for group in WEAK_GROUPS[1:])


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_polymer_of_a_weak_group_has_its_flag_and_no_other(name):
    assert flags(EXAMPLES[name]) == (name,)


@pytest.mark.parametrize("unit", ["*CC(*)N1CCCC1=O", "*CC1CCCC(=O)N1C*", "*CC(*)C1CCCCC(=O)N1"])
def test_lactams_are_weak_with_and_without_a_hydrogen(unit):
    assert flags(unit) == ("lactam",)


@pytest.mark.parametrize("unit", INNOCENT.values(), ids=INNOCENT)
def test_other_polymers_have_no_flag_for_a_weak_group(unit):
    assert flags(unit) == ()
