/* What a model file can get wrong: each mistake is refused with file, line and the names involved. */
#include "model_fixture.h"

static const char good[] =
    "name: good\n"
    "reference_temperature: 310.15 K\n"
    "parameters:\n"
    "  Q10: {value: 2, unit: '1', lower: 0.1, upper: 10}\n"
    "species:\n"
    "  Na:  {valence: 1}\n"
    "  K:   {valence: 1}\n"
    "  Cl:  {valence: -1}\n"
    "  ATP: {osmotic: false, made_of: [a, p]}\n"
    "  ADP: {osmotic: false, made_of: [a]}\n"
    "  Pi:  {osmotic: false, made_of: [p]}\n"
    "energy_currency: {reaction: ATP -> ADP + Pi, dG0: -30.5 kJ/mol, dH0: -20.5 kJ/mol}\n"
    "compartments:\n"
    "  cell:\n"
    "    outside: ecs\n"
    "    potential: free\n"
    "    capacitance: 20 pF\n"
    "    membrane: {cylinder_length: 50 um}\n"
    "    volume: free\n"
    "    impermeant: {amount: isosmolar, charge: closing}\n"
    "    rest: {V: -60 mV, volume: 2 pL, Na: 15 mM, K: 130 mM, Cl: 10 mM, ATP: 2 mM, ADP: 0.1 mM,\n"
    "           Pi: 2 mM}\n"
    "  store:\n"
    "    outside: ecs\n"
    "    volume: fixed\n"
    "    impermeant: {amount: isosmolar, valence: -1}\n"
    "    rest: {volume: 1 pL, Na: 150.5 mM, K: 0.5 mM, Cl: 8.5 mM}\n"
    "  ecs:\n"
    "    potential: ground\n"
    "    volume: remainder\n"
    "    impermeant: {amount: neutral, valence: -1}\n"
    "    rest: {volume: 1 pL, Na: 147 mM, K: 4 mM, Cl: 134 mM}\n"
    "processes:\n"
    "  cell:\n"
    "    na: {kind: ghk, equation: Na_in -> Na_out, permeability: 2e-3 pL/s, q10: Q10}\n"
    "    k:\n"
    "      kind: ghk\n"
    "      equation: K_in -> K_out\n"
    "      permeability: calibrate\n"
    "      gates:\n"
    "        n:\n"
    "          power: 2\n"
    "          alpha: {linoid: {rate: 1 /ms, midpoint: -35 mV, width: 5 mV}}\n"
    "          beta: {exponential: {rate: 1 /ms, midpoint: -50 mV, width: -40 mV}}\n"
    "    salt: {kind: linear, equation: K_in + Cl_in -> K_out + Cl_out, rate: calibrate}\n"
    "    cl: {kind: ohmic, equation: Cl_in -> Cl_out, per: area, conductance: 0.1 S/m^2}\n"
    "    pump:\n"
    "      kind: modular\n"
    "      equation: 3 Na_in + 2 K_out + ATP -> 3 Na_out + 2 K_in + ADP + Pi\n"
    "      rate: calibrate\n"
    "      K_Na_in: 12 mM\n"
    "      K_K_out: 1.5 mM\n"
    "      K_ATP: 0.3 mM\n"
    "      K_Na_out: 130 mM\n"
    "      K_K_in: 140 mM\n"
    "      K_ADP: 1 mM\n"
    "      K_Pi: 10 mM\n"
    "    supply: {kind: modular, equation: fuel + ADP + Pi -> ATP, sources: {fuel: A_ox},\n"
    "             A_ox: 70 kJ/mol, rate: {calibrate: {times: 1, of: [pump]}}, K_ADP: 0.1 mM,\n"
    "             K_Pi: 1 mM, K_ATP: 5 mM}\n"
    "    water: {kind: water, equation: water_out -> water_in, hydraulic_permeability: 2e-3 "
    "pL/s/mM}\n"
    "homeostasis:\n"
    "  cell.V: {above: -90 mV}\n";

/* `find` becomes `replace`; the message names the line `below` the replaced text and says all of `said`. */
typedef struct {
  const char *name, *find, *replace;
  int below;
  const char *said[3];
} mistake;

static const mistake in_equations[] = {
    {"mass",
     "equation: Na_in -> Na_out",                         "equation: Na_in -> K_out",
     0,                                                                                          {"cell.na", "mass does not balance", "Na"}      },
    {"mass of moieties",
     "3 Na_out + 2 K_in + ADP + Pi",                      "3 Na_out + 2 K_in + ADP",
     0,                                                                                          {"cell.pump", "mass does not balance", " p "}   },
    {"charge",
     "ADP: {osmotic: false,",                             "ADP: {valence: -1,",
     39,                                                                                         {"cell.pump", "charge does not balance, -1"}    },
    {"same pool twice",
     "K_in + Cl_in -> K_out + Cl_out",                    "K_in + Cl_in -> K_out + Cl_in",
     0,                                                                                          {"cell.salt", "'Cl_in' stands twice"}           },
    {"unknown species",
     "Na_in -> Na_out",                                   "Mg_in -> Mg_out",
     0,                                                                                          {"cell.na", "unknown species 'Mg_in'"}          },
    {"species that is not there",
     "fuel + ADP + Pi -> ATP,",                           "fuel + ADP_out + Pi -> ATP,",
     0,                                                                                          {"cell.supply", "no ADP in 'ecs'"}              },
    {"coefficient",                    "Na_in -> Na_out", "0 Na_in -> 0 Na_out",              0, {"cell.na", "cannot read '0'"}                  },
    {"broken arrow",                   "Na_in -> Na_out", "Na_in - > Na_out",                 0, {"cell.na", "cannot read '-'"}                  },
    {"two arrows",
     "Na_in -> Na_out",                                   "Na_in -> Na_out -> Na_in",
     0,                                                                                          {"cell.na", "cannot read '->'"}                 },
    {"no arrow",                       "Na_in -> Na_out", "Na_in",                            0, {"cell.na", "the equation must read"}           },
    {"nothing on the right",
     "Na_in -> Na_out",                                   "Na_in ->",
     0,                                                                                          {"cell.na", "the equation must read"}           },
    {"water",
     "water_out -> water_in",                             "water_in -> water_out",
     0,                                                                                          {"cell.water", "water_out -> water_in"}         },
    {"source on the right",
     "fuel + ADP + Pi -> ATP,",                           "ADP + Pi -> ATP + fuel,",
     0,                                                                                          {"cell.supply", "'fuel' must stand on the left"}},
    {"source not declared",
     "sources: {fuel: A_ox},",                            "sources: {food: A_ox},",
     0,                                                                                          {"cell.supply", "unknown species 'fuel'"}       },
    {"anion through a cation channel",
     "Na_in -> Na_out",                                   "Na_in + Cl_in -> Na_out + Cl_out",
     0,                                                                                          {"cell.na", "one"}                              },
};

static const mistake in_processes[] = {
    {"unknown kind",                  "kind: linear",                "kind: linea",                       0,  {"linea", "did you mean 'linear'"}        },
    {"no kind",                       "salt: {kind: linear, ",       "salt: {",                           0,  {"cell.salt", "kind"}                     },
    {"no equation",                   "equation: Na_in -> Na_out, ", "",                                  0,  {"cell.na", "equation"}                   },
    {"wrong unit",
     "permeability: 2e-3 pL/s",                                      "permeability: 2e-3 pL/s/mM",
     0,                                                                                                       {"cell.na.permeability", "pL/s/mM"}       },
    {"unit of another dimension",
     "K_ATP: 0.3 mM",                                                "K_ATP: 0.3 mV",
     0,                                                                                                       {"cell.pump.K_ATP", "mV", "mM"}           },
    {"NaN",
     "permeability: 2e-3 pL/s",                                      "permeability: nan pL/s",
     0,                                                                                                       {"cell.na.permeability", "nan"}           },
    {"out of bounds",                 "K_ATP: 0.3 mM",               "K_ATP: -0.3 mM",                    0,  {"cell.pump.K_ATP", "-0.3"}               },
    {"missing parameter",             "      K_ATP: 0.3 mM\n",       "",                                  -5, {"cell.pump", "K_ATP", "modular"}         },
    {"missing prefactor",             ", permeability: 2e-3 pL/s",   "",                                  0,  {"cell.na", "permeability"}               },
    {"unknown reactant",              "K_K_out: 1.5 mM",             "K_Cl_out: 1.5 mM",                  -4, {"cell.pump", "K_K_out"}                  },
    {"parameter of no reactant",
     "K_Pi: 10 mM",                                                  "K_Pi: 10 mM\n      K_Cl_out: 1 mM",
     1,                                                                                                       {"cell.pump", "K_Cl_out"}                 },
    {"unknown key",                   "q10: Q10",                    "Q10: Q10",                          0,  {"cell.na", "'Q10'", "did you mean 'q10'"}},
    {"unknown Q10",                   "q10: Q10",                    "q10: Q11",                          0,  {"cell.na", "'Q11'"}                      },
    {"unknown multiplier",            "q10: Q10",                    "scaled_by: [strength]",             0,  {"cell.na", "'strength'"}                 },
    {"duplicate process",             "    salt: ",                  "    na: ",                          0,  {"na"}                                    },
    {"unknown compartment",
     "  cell:\n    na",                                              "  axon:\n    na",
     0,                                                                                                       {"unknown compartment 'axon'"}            },
    {"no potential",
     "  cell:\n    na: ",                                            "  store:\n    leak: {kind: ghk, equation: Na_in -> Na_out, "
     "permeability: 1 pL/s}\n  cell:\n    na: ",                                 1,
     {"store.leak", "'ghk'", "'store' has none"}                                                                                                        },
    {"no potential for a charge",
     "  cell:\n    na: ",                                            "  store:\n    leak: {kind: linear, equation: "
     "Na_in -> Na_out, rate: 1 fmol/s}\n  cell:\n    na: ",                      1,
     {"store.leak", "'store' has none"}                                                                                                                 },
    {"no membrane to be per area of",
     "    membrane: {cylinder_length: 50 um}\n",                     "",
     27,                                                                                                      {"cell.cl", "per: area", "'cell'"}        },
    {"gates on a kind without",
     "rate: calibrate}\n",                                           "rate: calibrate, gates: {n: {power: 1, steady: "
     "{sigmoid: {midpoint: 0 mV, width: 1 mV}}}}}\n",                           0,
     {"cell.salt", "'linear' takes no gates"}                                                                                                           },
    {"gate of half its rates",
     "          beta: {exponential: {rate: 1 /ms, midpoint: -50 mV, width: "
     "-40 mV}}\n",                                                   "",
     -2,
     {"cell.k.n", "'alpha' and 'beta' or 'steady'"}                                                                                                     },
    {"gate of unknown form",          "linoid",                      "linear",                            0,  {"cell.k.n.alpha", "'linear'", "linoid"}  },
    {"gate of no width",              "width: 5 mV",                 "width: 0 mV",                       0,  {"cell.k.n.alpha", "width of 0"}          },
    {"gate of power 0",               "power: 2",                    "power: 0",                          0,  {"power"}                                 },
    {"free energy not given",         "A_ox: 70 kJ/mol, ",           "",                                  -1, {"cell.supply", "A_ox"}                   },
    {"split of nothing",              "of: [pump]",                  "of: [pumpe]",                       0,  {"cell.supply", "'pumpe'"}                },
    {"two kinds of water",
     "    water: {",                                                 "    more: {kind: water, equation: water_out -> water_in, "
     "hydraulic_permeability: 1 pL/s/mM}\n    water: {",                              1,
     {"cell.water", "cell.more"}                                                                                                                        },
    {"water into a fixed volume",
     "homeostasis:",                                                 "  store:\n    water: {kind: water, equation: water_out "
     "-> water_in, hydraulic_permeability: 1 pL/s/mM}\nhomeostasis:",                 1,
     {"store.water", "not free"}                                                                                                                        },
};

static const mistake in_compartments[] = {
    {"unknown outside",
     "    outside: ecs\n    potential",                              "    outside: sea\n    potential",
     0,                                                                                                              {"'sea'", "'cell'"}                                },
    {"no capacitance",                   "    capacitance: 20 pF\n", "",                                         -2, {"'cell'", "capacitance"}                          },
    {"capacitance of the ground",
     "potential: ground",                                            "potential: ground\n    capacitance: 1 pF",
     0,                                                                                                              {"'ecs'", "capacitance"}                           },
    {"unknown species at rest",          "Cl: 10 mM, ATP",           "Br: 10 mM, ATP",                           0,  {"'Br'", "'cell'"}                                 },
    {"no potential at rest",             "V: -60 mV, ",              "",                                         0,  {"'V'"}                                            },
    {"no volume at rest",                "volume: 1 pL, Na: 147 mM", "Na: 147 mM",                               0,  {"'volume'"}                                       },
    {"concentration of 0",               "K: 4 mM",                  "K: 0 mM",                                  0,  {"K = 0 mM is out of range"}                       },
    {"unit of a volume",                 "volume: 2 pL",             "volume: 2 mM",                             0,  {"volume", "mM", "pL"}                             },
    {"two remainders",                   "volume: free",             "volume: remainder",                        10, {"only one", "remainder"}                          },
    {"no water",
     "    water: {kind: water, equation: water_out -> water_in, hydraulic_permeability: 2e-3 "
     "pL/s/mM}\n",                                                   "",
     -46,
     {"'cell'", "no process moves water"}                                                                                                                               },
    {"not electroneutral outside",       "Cl: 134 mM",               "Cl: 164 mM",                               -3, {"'ecs'", "not electroneutral"}                    },
    {"not electroneutral inside",
     "Na: 150.5 mM, K",                                              "Na: 140.5 mM, K",
     -3,
     {"'store'", "not electroneutral"}                                                                                                                                  },
    {"not iso-osmolar",                  "K: 130 mM",                "K: 330 mM",                                -6, {"'cell'", "not iso-osmolar", "'ecs'"}             },
    {"charge given twice",
     "charge: closing",                                              "charge: closing, valence: -1",
     0,                                                                                                              {"'cell'", "either 'valence' or 'charge: closing'"}},
    {"neutral solute cannot neutralise",
     "neutral, valence: -1",                                         "neutral, valence: 0",
     0,                                                                                                              {"'ecs'", "valence"}                               },
    {"word",                             "potential: ground",        "potential: grund",                         0,  {"grund", "did you mean 'ground'"}                 },
};

/* After the gate n of process k. */
#define AFTER_N "width: -40 mV}}\n"
#define H(body) AFTER_N "        h: {power: 1, " body "}\n"
#define STEADY "steady: {sigmoid: {midpoint: 0.5, width: 1}}"
#define STEADY_IN_MV "steady: {sigmoid: {midpoint: 5 mV, width: 1 mV}}"
#define G_OF_H "        g: {power: 1, of: k.h, " STEADY "}\n"

static const mistake in_gates[] = {
    {"gate of a gate by its rates",
     "power: 2",                             "power: 2\n          of: n",
     1,                                                                                      {"cell.k.n", "'steady'"}          },
    {"gate of no gate",             AFTER_N, H("of: k.m, " STEADY),                       1, {"cell.k.h", "'k.m'", "'cell'"}   },
    {"gate of itself",              AFTER_N, H("of: k.h, " STEADY),                       1, {"cell.k.h", "'k.h'"}             },
    {"gate of a gate in mV",        AFTER_N, H("of: k.n, " STEADY_IN_MV),                 1, {"midpoint", "mV"}                },
    {"gate of a gate of a gate",
     AFTER_N,                                H("of: k.n, " STEADY) G_OF_H,
     2,                                                                                      {"cell.k.g", "'k.h'", "potential"}},
    {"instantaneous in words",
     "power: 2",                             "power: 2\n          instantaneous: no way",
     1,                                                                                      {"instantaneous", "no way"}       },
    {"instantaneous steady state",
     AFTER_N,                                H("instantaneous: true, " STEADY_IN_MV),
     1,                                                                                      {"cell.k.h", "instantaneous"}     },
};

/* From the capacitance to the resting state of the cell, for one whose volume is infinite. */
#define CELL                                                                                       \
  "    membrane: {cylinder_length: 50 um}\n"                                                       \
  "    volume: free\n"                                                                             \
  "    impermeant: {amount: isosmolar, charge: closing}\n"                                         \
  "    rest: {V: -60 mV, volume: 2 pL, "
#define CLAMPED_CELL                                                                               \
  "    electroneutral_by: Na\n"                                                                    \
  "    volume: infinite\n"                                                                         \
  "    impermeant: {amount: isosmolar, charge: closing}\n"                                         \
  "    rest: {V: -60 mV, "
#define NEUTRAL_BY(ion) "capacitance: 20 pF\n    electroneutral_by: " ion

static const mistake in_membranes[] = {
    {"membrane of two kinds",
     "length: 50 um",                                           "length: 50 um, area: 3 um^2",
     0,                                                                                                            {"'cell'", "either 'cylinder_length' or 'area'"}},
    {"membrane of no kind",
     "{cylinder_length: 50 um}",                                "{}",
     0,                                                                                                            {"'cell'", "either 'cylinder_length' or 'area'"}},
    {"unit of an area",               "cylinder_length: 50 um", "area: 300 um",                                 0, {"area", "um^2"}                                },
    {"neutral by what is not there",
     "capacitance: 20 pF",                                      NEUTRAL_BY("Mg"),
     1,                                                                                                            {"'Mg'", "no ion of 'cell'"}                    },
    {"neutral by what has no charge",
     "capacitance: 20 pF",                                      NEUTRAL_BY("ATP"),
     1,                                                                                                            {"'ATP'", "no ion of 'cell'"}                   },
    {"neutral without a potential",
     "potential: ground",                                       "potential: ground\n    electroneutral_by: Na",
     1,                                                                                                            {"'ecs'", "free potential"}                     },
    {"neutral by what is clamped",    CELL,                     CLAMPED_CELL,                                   0, {"Na of 'cell'", "clamped"}                     },
};

static const mistake in_the_rest[] = {
    {"unknown section",
     "homeostasis:",                                     "homeostase:",
     0,                                                                                          {"'homeostase'", "did you mean 'homeostasis'"}},
    {"no name",                     "name: good\n",      "",                                  0, {"name"}                                      },
    {"temperature",                 "310.15 K",          "37 K",                              0, {"reference_temperature", "37"}               },
    {"temperature in another unit", "310.15 K",          "37 mV",                             0, {"reference_temperature", "mV"}               },
    {"parameter out of its bounds", "value: 2, unit",    "value: 20, unit",                   0, {"Q10", "20"}                                 },
    {"duplicate parameter",         "  Q10: {",          "  Q10: {value: 1}\n  Q10: {",       1, {"Q10"}                                       },
    {"valence",                     "Na:  {valence: 1}", "Na:  {valence: 1.5}",               0, {"valence", "1.5"}                            },
    {"charge without osmotic",
     "K:   {valence: 1}",                                "K:   {valence: 1, osmotic: false}",
     0,                                                                                          {"'K'"}                                       },
    {"currency of unknown species",
     "reaction: ATP -> ADP + Pi",                        "reaction: GTP -> ADP + Pi",
     0,                                                                                          {"unknown species 'GTP'"}                     },
    {"bound on nothing",            "  cell.V: ",        "  cell.Mg: ",                       0, {"'cell.Mg'"}                                 },
    {"bound of no compartment",     "  cell.V: ",        "  axon.V: ",                        0, {"'axon.V'"}                                  },
    {"bound in another unit",       "above: -90 mV",     "above: -90 mM",                     0, {"above", "mM"}                               },
    {"bound of another kind",       "above: -90 mV",     "within: 0.1",                       0, {"'above' and 'below'"}                       },
};

static size_t line_of(const char *text, const char *place)
{
  size_t line = 1;

  for (const char *c = text; c < place; c++) line += *c == '\n';
  return line;
}

/* Read and set up; models of mistakes fail in either. */
static PetscErrorCode use_text(const char *text)
{
  ion_units *units = NULL;
  ion_spec *spec   = NULL;
  ion_model *model = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(ion_units_create(&units));
  code = ion_spec_parse("small.yaml", text, strlen(text), &spec);
  if (!code) code = ion_model_create(ion_spec_root(spec), units, &model);
  if (!code) code = ion_model_setup(model);
  PetscCall(ion_model_destroy(&model)); /* legal whatever was built */
  CHECK(!model);
  PetscCall(ion_spec_close(&spec));
  PetscCall(ion_units_destroy(&units));
  PetscFunctionReturn(code);
}

static PetscErrorCode refuse(const mistake *m)
{
  const char *place = strstr(good, m->find);
  char text[8192], where[64];
  const int before = ion_test_failures;

  PetscFunctionBegin;
  PetscCheck(place, PETSC_COMM_SELF, PETSC_ERR_PLIB, "'%s' is not in the model", m->find);
  snprintf(text, sizeof text, "%.*s%s%s", (int)(place - good), good, m->replace,
           place + strlen(m->find));
  snprintf(where, sizeof where,
           "small.yaml:%d:", (int)line_of(good, place) + (m->find[0] == '\n') + m->below);
  CHECK_RAISES(PETSC_ERR_USER_INPUT, use_text(text));
  CHECK_SAID(where);
  for (size_t i = 0; i < ION_COUNT(m->said) && m->said[i]; i++) CHECK_SAID(m->said[i]);
  CHECK(!strchr(ion_test_message, '\n')); /* one line */
  if (ion_test_failures > before) fprintf(stderr, "  case '%s'\n", m->name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode refuse_all(const mistake *m, size_t n)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < n; i++) PetscCall(refuse(&m[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode good_model_is_accepted(void)
{
  PetscFunctionBegin;
  PetscCall(use_text(good));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode mistakes_in_equations(void)
{
  PetscFunctionBegin;
  PetscCall(refuse_all(in_equations, ION_COUNT(in_equations)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode mistakes_in_processes(void)
{
  PetscFunctionBegin;
  PetscCall(refuse_all(in_processes, ION_COUNT(in_processes)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode mistakes_in_compartments(void)
{
  PetscFunctionBegin;
  PetscCall(refuse_all(in_compartments, ION_COUNT(in_compartments)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode mistakes_in_gates(void)
{
  PetscFunctionBegin;
  PetscCall(refuse_all(in_gates, ION_COUNT(in_gates)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode mistakes_in_membranes(void)
{
  PetscFunctionBegin;
  PetscCall(refuse_all(in_membranes, ION_COUNT(in_membranes)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode mistakes_in_the_rest(void)
{
  PetscFunctionBegin;
  PetscCall(refuse_all(in_the_rest, ION_COUNT(in_the_rest)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"good_model_is_accepted",   good_model_is_accepted  },
    {"mistakes_in_equations",    mistakes_in_equations   },
    {"mistakes_in_processes",    mistakes_in_processes   },
    {"mistakes_in_compartments", mistakes_in_compartments},
    {"mistakes_in_gates",        mistakes_in_gates       },
    {"mistakes_in_membranes",    mistakes_in_membranes   },
    {"mistakes_in_the_rest",     mistakes_in_the_rest    },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
