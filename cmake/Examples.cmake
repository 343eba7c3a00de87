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

# The benchmark does the same work with handfast and with libssl, which is why it alone links libssl.
# It is not installed. Numbers from a sanitized build would mean nothing.
file(GLOB bench_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.c)
if(bench_sources AND NOT HF_SANITIZING)
  find_package(OpenSSL 3.0 QUIET COMPONENTS SSL Crypto)
  if(TARGET OpenSSL::SSL AND TARGET jansson)
    add_executable(handfast_bench ${bench_sources})
    target_include_directories(handfast_bench PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(handfast_bench PRIVATE handfast_flags handfast_static OpenSSL::SSL
                          OpenSSL::Crypto jansson Threads::Threads m)
  else()
    message(STATUS "no libssl or jansson headers: the benchmark is left out")
  endif()
endif()
