# Makes text files part of a program: each FILE NAME pair becomes `inline constexpr const char kNAME[]` of
# namespace laq::analysis in the header embedded/FILE.hpp, written anew when the text changes.
function(laq_embed target)
  cmake_parse_arguments(embed "" "" "FILES" ${ARGN})
  while(embed_FILES)
    list(POP_FRONT embed_FILES file name)
    file(READ ${PROJECT_SOURCE_DIR}/${file} text)
    get_filename_component(own_name ${file} NAME)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/embedded/${own_name}.hpp CONTENT
      "#pragma once

// Made from @file@.
namespace laq::analysis {

inline constexpr const char k@name@[] = R\"laq_text(@text@)laq_text\";

}  // namespace laq::analysis
" @ONLY NEWLINE_STYLE UNIX)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${file})
  endwhile()
  target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/generated)
endfunction()
