"""The table of weak motifs: SMARTS, what is sound although it looks alike, why, and where to read about it."""

from dataclasses import dataclass

LUO = "Luo, Comprehensive Handbook of Chemical Bond Energies, CRC Press 2007"
CLAYDEN = "Clayden, Greeves, Warren, Organic Chemistry, 2nd ed., Oxford 2012"
MARCH = "Smith, March's Advanced Organic Chemistry, 7th ed., Wiley 2013"
BRENK = "Brenk et al., ChemMedChem 2008, 3, 435"
BRAESE = "Bräse et al., Angew. Chem. Int. Ed. 2005, 44, 5188"
WIBERG = "Wiberg, Angew. Chem. Int. Ed. Engl. 1986, 25, 312"


@dataclass(frozen=True)
class Exemption:
    """A group in which the motif of a rule is stable enough."""

    name: str
    smarts: str


@dataclass(frozen=True)
class Rule:
    """A weak motif: `smarts` finds it, and a match lying wholly inside a match of one of `exceptions` is sound.

    A rule that is not `active` is listed, but flags nothing unless a campaign asks for it.
    """

    name: str
    smarts: str
    reason: str
    reference: str = ""
    exceptions: tuple[Exemption, ...] = ()
    active: bool = True


_ACYL_N = "$([NX3]-[#6]=[O,S,N]),$([NX3]-[#16](=O)=O)"
_ACYLATED = Exemption("the nitrogen is an amide's, a carbamate's or a sulfonamide's", f"[{_ACYL_N}]-[CX4]-[#7,#8]")

DEFAULT_RULES: tuple[Rule, ...] = (
    Rule("O-O", "[OX2]-[OX2]", "peroxides break at the O-O bond (about 150 kJ/mol) on mild heating", LUO),
    Rule(
        "N-O",
        "[#7]-[OX2]",
        "the N-O bond (about 200 kJ/mol) is cleaved by heat and by lithium metal",
        LUO,
        (
            Exemption(
                "hydroxamates: the carbonyl takes up the lone pair of N", "[#6](=[O,S])-[NX3]-[OX2;!$([OX2]-[#6]=O)]"
            ),
            Exemption("oximes and their ethers", "[#6]=[NX2]-[OX2]"),
        ),
    ),
    Rule(
        "S-O",
        "[#16]-[OX2]",
        "sulfenic and sulfinic esters and acids rearrange, disproportionate or take up water",
        MARCH,
        (
            Exemption("sulfonates, sulfates and sulfamates", "[#16](=O)(=O)-[OX2]"),
            Exemption("sulfites, known as electrolyte additives", "[OX2]-[#16](=O)-[OX2]"),
        ),
    ),
    Rule(
        "sulfonate ester",
        "[#6]-[#16](=O)(=O)-[OX2]-[CX4]",
        "alkyl sulfonates alkylate amines, ethers and lithium",
        CLAYDEN,
        active=False,
    ),
    Rule(
        "sulfate ester",
        "[OX2]-[#16](=O)(=O)-[OX2]-[CX4]",
        "alkyl sulfates alkylate amines, ethers and lithium",
        CLAYDEN,
        active=False,
    ),
    Rule("sulfoxide", "[#6]-[SX3](=O)-[#6]", "sulfoxides are reduced at lithium potentials", MARCH, active=False),
    Rule(
        "sulfone", "[#6]-[SX4](=O)(=O)-[#6]", "sulfones with a β-hydrogen eliminate in strong base", MARCH, active=False
    ),
    Rule(
        "S-N",
        "[#16]-[#7]",
        "sulfenamides and sulfinamides are cleaved by water, acids and nucleophiles",
        MARCH,
        (Exemption("sulfonamides, sulfonimides and sulfamides", "[#16](=O)(=O)-[#7]"),),
    ),
    Rule(
        "N-N",
        "[#7]-[#7]",
        "hydrazines are oxidised in air and decompose with release of nitrogen",
        BRENK,
        (
            Exemption("hydrazides and semicarbazides", "[#6](=[O,S])-[NX3]-[#7]"),
            Exemption("hydrazones and azines", "[#6]=[NX2]-[#7]"),
        ),
    ),
    Rule(
        "S-S",
        "[#16]-[#16]",
        "S-S bonds are reduced at lithium potentials, and disulfides exchange along the chain",
        BRENK,
    ),
    Rule("O-O-NH", "[OX2]-[OX2]-[NX3;!H0]", "an amino peroxide, weaker than the O-O or the N-O bond alone", LUO),
    Rule("O-NH-O", "[OX2]-[NX3;!H0]-[OX2]", "a dialkoxyamine, which loses an alcohol", MARCH),
    Rule(
        "hemiaminal",
        "[$([NX3;!H0]-[CX4]-[OX2]),$([NX3]-[CX4]-[OX2;H1])]-[CX4]-[OX2]",
        "N-C-O with a free NH or OH falls apart into an imine or aldehyde and an alcohol or amine",
        CLAYDEN,
        (_ACYLATED,),
    ),
    Rule(
        "aminal",
        "[NX3;!H0]-[CX4]-[NX3]",
        "N-C-N with a free NH falls apart into an imine and an amine",
        CLAYDEN,
        (_ACYLATED, Exemption("the other nitrogen is acylated", f"[NX3]-[CX4]-[{_ACYL_N}]")),
    ),
    Rule(
        "hemiacetal",
        "[OX2;H1]-[CX4]-[OX2;H0]",
        "O-C-O with a free OH falls apart into an aldehyde or ketone and an alcohol; acetals are fine",
        CLAYDEN,
    ),
    Rule(
        "geminal diol",
        "[OX2;H1]-[CX4]-[OX2;H1]",
        "two OH on one carbon lose water to an aldehyde or ketone",
        CLAYDEN,
        (Exemption("hydrates of trifluoromethyl ketones", "[OX2;H1]-[CX4](C(F)(F)F)-[OX2;H1]"),),
    ),
    Rule(
        "halogen beside O or N",
        "[NX3+0,OX2;!$([#7]-[#6]=O);!$([#7]-[#16](=O)=O)]-[CX4]-[F,Cl,Br,I]",
        "α-halo ethers and amines ionise and lose hydrogen halide",
        MARCH,
        (
            Exemption("difluoromethylene ethers", "[#8]-[CX4](F)F"),
            Exemption("perfluoroethers", "[#8]-[CX4](F)-[CX4]F"),
        ),
    ),
    Rule(
        "anhydride",
        "[#6X3](=O)-[OX2]-[#6X3](=O)",
        "anhydrides acylate amines and alcohols, and water cleaves them",
        BRENK,
    ),
    Rule(
        "acyl halide", "[#6X3](=[O,S])-[F,Cl,Br,I]", "acyl halides acylate what is near, and water cleaves them", BRENK
    ),
    Rule("sulfonyl halide", "[#16](=O)(=O)-[Cl,Br,I]", "sulfonyl halides react with amines, alcohols and water", BRENK),
    Rule(
        "carbamic or carbonic acid",
        "[OX2;H1]-[#6X3](=O)-[#7,#8]",
        "acids of carbamates and carbonates lose carbon dioxide",
        CLAYDEN,
    ),
    Rule(
        "epoxide",
        "[OX2r3]1[#6r3][#6r3]1",
        "strained (about 110 kJ/mol); opened by amines, acids and lithium salts",
        WIBERG,
    ),
    Rule("aziridine", "[#7r3]1[#6r3][#6r3]1", "strained (about 110 kJ/mol); opened by acids and lithium salts", WIBERG),
    Rule(
        "three-membered ring",
        "[r3]1~[r3]~[r3]1",
        "strained rings of three open",
        WIBERG,
        (
            Exemption("cyclopropanes, which need a catalyst to open", "[CX4]1[CX4][CX4]1"),
            Exemption("epoxides, which have their own rule", "[OX2]1[#6][#6]1"),
            Exemption("aziridines, which have their own rule", "[#7]1[#6][#6]1"),
        ),
    ),
    Rule("cumulene", "[#6]=[#6]=[#6,#7,#8,#16]", "allenes, cumulenes and ketenes add nucleophiles and dimerise", MARCH),
    Rule("isocyanate", "[#7]=[#6]=[O,S]", "isocyanates react with water, alcohols and amines", BRENK),
    Rule(
        "enol",
        "[OX2;H1]-[CX3]=[CX3]",
        "enols turn into aldehydes and ketones",
        CLAYDEN,
        (Exemption("enols of 1,3-dicarbonyls, held by a hydrogen bond", "[OX2;H1]-[CX3]=[CX3]-[#6]=[O,N]"),),
    ),
    Rule(
        "enamine with NH",
        "[NX3;!H0;!$([NX3]-[#6]=[O,S,N]);!$([NX3]-[#16](=O)=O)]-[CX3]=[CX3]",
        "enamines with a hydrogen on N turn into imines",
        CLAYDEN,
        (Exemption("vinylogous amides", "[NX3]-[CX3]=[CX3]-[#6]=,#[O,N]"),),
    ),
    Rule("ynol or ynamine", "[OX2,NX3]-[CX2]#[CX2]", "heteroatoms on a triple bond add water and polymerise", MARCH),
    Rule(
        "thioaldehyde or thioketone",
        "[#6X3;!$([#6]-[N,O,S])]=[SX1]",
        "C=S without a heteroatom beside it oligomerises",
        MARCH,
    ),
    Rule(
        "hypervalent sulfur",
        "[$([S;v4,v6;!H0]),$([S;v4,v6]=[#6,#16]),$([S]#*),$([SX4;v4]),$([SX5]),$([SX6]([!F])[!F])]",
        "S(IV) and S(VI) without oxygen or nitrogen on their double bonds, or with S-H, are no lasting compounds",
        MARCH,
    ),
    Rule("azide", "[#7]=[#7+]=[#7-]", "organic azides lose nitrogen, some of them violently", BRAESE),
    Rule("diazo", "[#6]=[#7+]=[#7-]", "diazo compounds lose nitrogen", BRENK),
    Rule("nitroso", "[#6,#7,#16]-[NX2]=O", "nitroso compounds dimerise, tautomerise to oximes or lose NO", BRENK),
    Rule("nitrogen or oxygen halide", "[#7,#8,SX2]-[F,Cl,Br,I]", "halogen on N, O or S(II) oxidises what is near", LUO),
    Rule("P-H", "[#15;!H0]", "phosphines and P-H bonds are oxidised in air", MARCH),
    Rule(
        "hypervalent or multiply bonded phosphorus",
        "[$([PX5]),$([P;v5]=[#6]),$([PX2]=*),$([P]#*)]",
        "phosphoranes, ylides and P(III) with double or triple bonds react with water and oxygen",
        MARCH,
    ),
    Rule("P-P", "[#15]-[#15]", "the P-P bond (about 200 kJ/mol) is cleaved by air and by water", LUO),
)
