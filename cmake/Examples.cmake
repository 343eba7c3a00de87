# Examples.cmake: examples/*.c, each a program of its own in <build>/examples, and the benchmark.

file(GLOB example_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.c)
foreach(source IN LISTS example_sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(example_${name} ${source})
  set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name}
                        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples)
  target_link_libraries(example_${name} PRIVATE handfast_flags handfast_static OpenSSL::Crypto
                        Threads::Threads)
endforeach()

# The benchmark does the same work with handfast, with libssl and with whichever of the other peers is
# installed, which is why it alone links them. It is not installed. Numbers from a sanitized build
# would mean nothing.
file(GLOB bench_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.c)
if(bench_sources AND NOT HF_SANITIZING)
  find_package(OpenSSL 3.0 QUIET COMPONENTS SSL Crypto)
  if(TARGET OpenSSL::SSL AND TARGET jansson)
    set(bench_peers)
    # handfast_bench_peer(name header library...): built only if it is there
    function(handfast_bench_peer name header)
      string(TOUPPER ${name} id)
      find_path(BENCH_${id}_INCLUDE_DIR ${header})
      mark_as_advanced(BENCH_${id}_INCLUDE_DIR)
      set(found ${BENCH_${id}_INCLUDE_DIR})
      foreach(library IN LISTS ARGN)
        find_library(BENCH_${library}_LIBRARY ${library})
        mark_as_advanced(BENCH_${library}_LIBRARY)
        if(NOT BENCH_${library}_LIBRARY)
          set(found)
        endif()
      endforeach()
      if(NOT found)
        list(FILTER bench_sources EXCLUDE REGEX "/peer_${name}\\.c$")
      else()
        foreach(library IN LISTS ARGN)
          list(APPEND bench_libraries ${BENCH_${library}_LIBRARY})
        endforeach()
        list(APPEND bench_definitions BENCH_${id}=1)
        list(APPEND bench_peers ${name})
      endif()
      return(PROPAGATE bench_sources bench_libraries bench_definitions bench_peers)
    endfunction()
    handfast_bench_peer(gnutls gnutls/gnutls.h gnutls)
    handfast_bench_peer(mbedtls mbedtls/ssl.h mbedtls mbedx509 mbedcrypto)
    handfast_bench_peer(wolfssl wolfssl/ssl.h wolfssl)
    message(STATUS "benchmark peers: libssl ${bench_peers}")
    add_executable(handfast_bench ${bench_sources})
    target_compile_definitions(handfast_bench PRIVATE ${bench_definitions})
    target_include_directories(handfast_bench PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(handfast_bench PRIVATE handfast_flags handfast_static OpenSSL::SSL
                          OpenSSL::Crypto jansson ${bench_libraries} Threads::Threads m)
  else()
    message(STATUS "no libssl or jansson headers: the benchmark is left out")
  endif()
endif()

# Fixed handshakes and records for callgrind to count; the check is in tests/CMakeLists.txt. Linked with
# the shared library, so that what is ours can be told from the rest.
find_path(VALGRIND_INCLUDE_DIR valgrind/callgrind.h)
mark_as_advanced(VALGRIND_INCLUDE_DIR)
if(VALGRIND_INCLUDE_DIR AND NOT HF_SANITIZING)
  add_executable(handfast_fixed ${PROJECT_SOURCE_DIR}/bench/instructions/fixed.c
                 ${PROJECT_SOURCE_DIR}/bench/material.c)
  target_include_directories(handfast_fixed PRIVATE ${PROJECT_SOURCE_DIR}/bench)
  target_include_directories(handfast_fixed SYSTEM PRIVATE ${VALGRIND_INCLUDE_DIR})
  target_link_libraries(handfast_fixed PRIVATE handfast_flags handfast_shared)
endif()
