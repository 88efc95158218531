# What ionsweep needs from elsewhere. Each dependency becomes an imported target, whose include
# directories the compiler takes as system headers. All that is missing is named at once.
find_package(PkgConfig QUIET)
find_package(MPI QUIET COMPONENTS C)
find_package(LAPACK QUIET)

set(ion_missing "")

# A module or a hand-made installation may sit outside of PKG_CONFIG_PATH.
foreach(root IN ITEMS "$ENV{PETSC_DIR}/$ENV{PETSC_ARCH}" "$ENV{PETSC_DIR}")
  if(IS_DIRECTORY "${root}/lib/pkgconfig")
    set(ENV{PKG_CONFIG_PATH} "${root}/lib/pkgconfig:$ENV{PKG_CONFIG_PATH}")
  endif()
endforeach()

# ion_find(NAME header library debian-package pkg-config-module...)
# Only directories and libraries are taken from a .pc file: other flags in it (optimisation,
# _FORTIFY_SOURCE) are the compiler file's business.
function(ion_find name header library package)
  string(TOLOWER ${name} target)
  if(PKG_CONFIG_FOUND)
    pkg_search_module(${name} QUIET ${ARGN})
  endif()
  find_path(${name}_HEADER_DIR ${header} HINTS ${${name}_INCLUDE_DIRS})
  set(libraries "${${name}_LINK_LIBRARIES}")
  if(NOT libraries AND library)
    find_library(${name}_LIBRARY ${library})
    set(libraries "${${name}_LIBRARY}")
  endif()
  if(NOT ${name}_HEADER_DIR OR (library AND NOT libraries))
    set(ion_missing "${ion_missing}\n  ${name} (${header}): ${package}" PARENT_SCOPE)
    return()
  endif()
  add_library(ion::${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(ion::${target} INTERFACE ${${name}_HEADER_DIR} ${${name}_INCLUDE_DIRS})
  if(library)
    target_link_libraries(ion::${target} INTERFACE ${libraries})
  endif()
endfunction()

ion_find(PETSC petscsnes.h petsc libpetsc-real-dev petsc PETSc)
ion_find(PNETCDF pnetcdf.h pnetcdf libpnetcdf-dev pnetcdf)
ion_find(NETCDF netcdf.h netcdf libnetcdf-dev netcdf)
ion_find(YAML yaml.h yaml libyaml-dev yaml-0.1)
ion_find(UDUNITS udunits2.h udunits2 libudunits2-dev udunits udunits2)
ion_find(DEFLATE libdeflate.h deflate libdeflate-dev libdeflate)
ion_find(ZLIB zlib.h z zlib1g-dev zlib) # the tests check CRCs with it
ion_find(CRYPTO openssl/evp.h crypto libssl-dev libcrypto)
ion_find(RANDOM123 Random123/philox.h "" librandom123-dev random123)
if(NOT MPI_C_FOUND)
  string(APPEND ion_missing "\n  MPI (mpi.h): libopenmpi-dev")
endif()
if(NOT LAPACK_FOUND)
  string(APPEND ion_missing "\n  LAPACK: liblapack-dev")
endif()
if(NOT PKG_CONFIG_FOUND)
  string(APPEND ion_missing "\n  pkg-config: pkg-config")
endif()

if(ion_missing)
  message(FATAL_ERROR "Not found (name: Debian package):${ion_missing}\n"
    "On Debian: apt-get install the packages named. Elsewhere load the module that has the library, or "
    "point CMake at it:\n"
    "  PKG_CONFIG_PATH=DIR/lib/pkgconfig cmake ...      where the library has a .pc file\n"
    "  cmake ... -DCMAKE_PREFIX_PATH='DIR1;DIR2'        where it has DIR/include and DIR/lib")
endif()

add_library(ion_dependencies INTERFACE)
add_library(ion::dependencies ALIAS ion_dependencies)
target_link_libraries(ion_dependencies INTERFACE
  ion::petsc ion::pnetcdf ion::netcdf ion::yaml ion::udunits ion::deflate ion::zlib ion::crypto ion::random123
  MPI::MPI_C ${LAPACK_LIBRARIES} m)

# A PETSc of complex or single-precision numbers compiles almost everything and then computes nonsense.
include(CheckCSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES ion::petsc MPI::MPI_C)
set(CMAKE_REQUIRED_QUIET ON)
check_c_source_compiles("
  #include <petscsnes.h>
  #if defined(PETSC_USE_COMPLEX) || !defined(PETSC_USE_REAL_DOUBLE) || PETSC_VERSION_LT(3, 18, 0)
  #error
  #endif
  int main(void) { return 0; }" ION_PETSC_USABLE)
if(NOT ION_PETSC_USABLE)
  unset(ION_PETSC_USABLE CACHE)
  message(FATAL_ERROR "The PETSc found in ${PETSC_HEADER_DIR} cannot be used: version 3.18 or later "
    "with real double-precision scalars is needed (Debian: libpetsc-real-dev), and MPI that it was built with")
endif()
unset(CMAKE_REQUIRED_LIBRARIES)
unset(CMAKE_REQUIRED_QUIET)

message(STATUS "PETSc ${PETSC_VERSION} in ${PETSC_HEADER_DIR}; MPI: ${MPI_C_LIBRARIES}")

# SUNDIALS is optional: the benchmark then has KINSOL beside the other solvers.
find_path(KINSOL_HEADER_DIR kinsol/kinsol.h)
set(ion_kinsol_libraries "")
foreach(part IN ITEMS kinsol nvecserial sunmatrixdense sunlinsoldense)
  find_library(SUNDIALS_${part}_LIBRARY sundials_${part})
  list(APPEND ion_kinsol_libraries "${SUNDIALS_${part}_LIBRARY}")
endforeach()
if(KINSOL_HEADER_DIR AND NOT ion_kinsol_libraries MATCHES "NOTFOUND")
  add_library(ion::kinsol INTERFACE IMPORTED GLOBAL)
  target_include_directories(ion::kinsol INTERFACE ${KINSOL_HEADER_DIR})
  target_link_libraries(ion::kinsol INTERFACE ${ion_kinsol_libraries})
  target_compile_definitions(ion::kinsol INTERFACE ION_HAVE_KINSOL=1)
endif()
