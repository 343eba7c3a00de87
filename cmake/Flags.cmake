# Flags.cmake: handfast_flags, the one place where compiler and linker options are chosen.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

add_library(handfast_flags INTERFACE)

set(HF_SANITIZING OFF)
if(HF_SANITIZE OR HF_FUZZ)
  set(HF_SANITIZING ON)
endif()

# -- warnings --
target_compile_options(handfast_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes)
if(HF_WERROR)
  target_compile_options(handfast_flags INTERFACE -Werror)
endif()

# -- optimisation: -O2 -g everywhere but in debug builds; asserts stay on, they are cheap here --
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O0 -g3")

if(HF_SANITIZING)
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(handfast_flags INTERFACE ${sanitize})
  target_link_options(handfast_flags INTERFACE ${sanitize})
  if(HF_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
      message(FATAL_ERROR "HF_FUZZ needs clang: add -DCMAKE_C_COMPILER=clang")
    endif()
    target_compile_options(handfast_flags INTERFACE -fsanitize=fuzzer-no-link)
  endif()
else()
  # -- hardening: what Debian's own packages use, and a little more. Only for builds that ship --
  foreach(flag IN ITEMS -fstack-protector-strong -fstack-clash-protection -fcf-protection=full)
    string(MAKE_C_IDENTIFIER "HF_HAS${flag}" has)
    check_c_compiler_flag(${flag} ${has})
    if(${has})
      target_compile_options(handfast_flags INTERFACE ${flag})
    endif()
  endforeach()
  # Fortify needs optimisation; -U first, for distributions whose compilers define it themselves.
  target_compile_options(handfast_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
  foreach(flag IN ITEMS relro now noexecstack)
    check_linker_flag(C "LINKER:-z,${flag}" HF_LINK_${flag})
    if(HF_LINK_${flag})
      target_link_options(handfast_flags INTERFACE "LINKER:-z,${flag}")
    endif()
  endforeach()
endif()

# Programs are position-independent too (CMAKE_POSITION_INDEPENDENT_CODE covers compiling).
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
