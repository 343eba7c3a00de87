# Dependencies.cmake: what is linked from outside. Each is named with the Debian package that has it,
# so that a missing one is one command away; `tools/deps build` installs them all.
find_package(Threads REQUIRED)

# -- the library: libcrypto, never libssl --
find_package(OpenSSL 3.0 COMPONENTS Crypto)
if(NOT OPENSSL_FOUND)
  message(FATAL_ERROR "libcrypto 3.0 or newer is needed: apt install libssl-dev (or run tools/deps build)")
endif()

# -- the library, optional: faster AES-GCM on x86-64 --
set(HF_HAVE_IPSEC_MB OFF)
set(HF_IPSEC_MB_BUILD)
set(HF_IPSEC_MB_LINK)
if(NOT HF_PORTABLE)
  find_path(IPSEC_MB_INCLUDE_DIR intel-ipsec-mb.h)
  find_library(IPSEC_MB_LIBRARY IPSec_MB)
  mark_as_advanced(IPSEC_MB_INCLUDE_DIR IPSEC_MB_LIBRARY)
  if(IPSEC_MB_INCLUDE_DIR AND IPSEC_MB_LIBRARY)
    set(HF_HAVE_IPSEC_MB ON)
    set(HF_IPSEC_MB_LINK $<BUILD_INTERFACE:${IPSEC_MB_LIBRARY}> $<INSTALL_INTERFACE:IPSec_MB>)
    add_library(ipsec_mb_headers INTERFACE)
    target_include_directories(ipsec_mb_headers SYSTEM INTERFACE ${IPSEC_MB_INCLUDE_DIR})
    set(HF_IPSEC_MB_BUILD ipsec_mb_headers)
  endif()
endif()
message(STATUS "libipsec-mb: ${HF_HAVE_IPSEC_MB}")

# -- the program: libuv, jansson, and llhttp, whose C sources Debian ships in node-llhttp --
# Looked for when there is a program (or a test) that needs them; found as imported targets.
function(handfast_find name package header library)
  if(TARGET ${name})
    return()
  endif()
  string(TOUPPER "HF_${name}" id)
  find_path(${id}_INCLUDE_DIR ${header})
  find_library(${id}_LIBRARY ${library})
  mark_as_advanced(${id}_INCLUDE_DIR ${id}_LIBRARY)
  if(NOT ${id}_INCLUDE_DIR OR NOT ${id}_LIBRARY)
    message(FATAL_ERROR "${name} is needed: apt install ${package} (or run tools/deps build)")
  endif()
  add_library(${name} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${name} SYSTEM INTERFACE ${${id}_INCLUDE_DIR})
  target_link_libraries(${name} INTERFACE ${${id}_LIBRARY})
endfunction()

handfast_find(libuv libuv1-dev uv.h uv)
handfast_find(jansson libjansson-dev jansson.h jansson)

find_path(LLHTTP_INCLUDE_DIR llhttp.h PATHS /usr/share/include/llhttp /usr/include/llhttp)
find_path(LLHTTP_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp /usr/share/llhttp/src NO_DEFAULT_PATH)
mark_as_advanced(LLHTTP_INCLUDE_DIR LLHTTP_SOURCE_DIR)
if(NOT LLHTTP_INCLUDE_DIR OR NOT LLHTTP_SOURCE_DIR)
  message(FATAL_ERROR "llhttp's C sources are needed: apt install node-llhttp (or run tools/deps build)")
endif()
add_library(llhttp STATIC EXCLUDE_FROM_ALL ${LLHTTP_SOURCE_DIR}/api.c ${LLHTTP_SOURCE_DIR}/http.c
            ${LLHTTP_SOURCE_DIR}/llhttp.c)
target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE_DIR})
# Strict: a lone LF, an odd chunk or a stray byte between messages is an error. What one parser
# forgives and the next does not is how requests are smuggled.
target_compile_definitions(llhttp PUBLIC LLHTTP_STRICT_MODE=1)
target_compile_options(llhttp PRIVATE -w)
if(NOT HF_SANITIZING)
  target_link_libraries(llhttp PRIVATE handfast_flags)
endif()
