# How everything here is compiled: ion::compiler carries the flags to library, program and tests.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON) # libraries of environment modules stay found
set(CMAKE_C_FLAGS_RELEASE "-O3")          # asserts stay

add_library(ion_compiler INTERFACE)
add_library(ion::compiler ALIAS ion_compiler)

# POSIX 2008 and M_PI, which -std=c11 alone hides.
target_compile_definitions(ion_compiler INTERFACE _XOPEN_SOURCE=700)

# A point's bits must depend neither on the vector width nor on the optimiser: no contraction to fused
# multiply-add, no reassociation. errno and floating-point traps are never looked at, and values do
# not depend on them.
target_compile_options(ion_compiler INTERFACE
  -ffp-contract=off -fno-math-errno -fno-trapping-math -fopenmp-simd
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -Wdouble-promotion -Wcast-qual -Wundef)

if(ION_WERROR)
  target_compile_options(ion_compiler INTERFACE -Werror)
endif()
if(ION_NATIVE)
  target_compile_options(ion_compiler INTERFACE -march=native)
endif()
if(ION_SANITIZE)
  set(ion_sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_compile_options(ion_compiler INTERFACE ${ion_sanitizers} -fno-omit-frame-pointer)
  target_link_options(ion_compiler INTERFACE ${ion_sanitizers})
endif()
if(ION_FUZZ)
  target_compile_options(ion_compiler INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(ION_COVERAGE)
  target_compile_options(ion_compiler INTERFACE --coverage)
  target_link_options(ion_compiler INTERFACE --coverage)
endif()
