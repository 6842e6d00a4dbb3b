# What `cmake --install` lays down beside the program, bin/landscape_mpi: share/landscape_mpi is the source tree in small,
# with README, jobs and tools at the same places, so that what they say of each other holds there too.
set(landscape_share ${CMAKE_INSTALL_DATADIR}/landscape_mpi)
set(landscape_for_all OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(landscape_documented src/analysis src/config src/io src/train tests tests/roughness tests/bench_cuda tools)
# Files can be read by everybody whatever the umask of who installs, so folders are; each has to be named for that.
set(landscape_folders ${CMAKE_INSTALL_BINDIR} ${CMAKE_INSTALL_DATADIR} ${CMAKE_INSTALL_DATAROOTDIR}/doc
  ${CMAKE_INSTALL_DATAROOTDIR}/doc/landscape-mpi ${landscape_share} ${landscape_share}/src)
foreach(folder ${landscape_documented})
  list(APPEND landscape_folders ${landscape_share}/${folder})
endforeach()
foreach(folder ${landscape_folders})
  install(DIRECTORY DESTINATION ${folder} DIRECTORY_PERMISSIONS ${landscape_for_all})
endforeach()
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS ${landscape_for_all})
install(DIRECTORY jobs DESTINATION ${landscape_share} PATTERN "*.sbatch" PERMISSIONS ${landscape_for_all})
install(PROGRAMS tools/landscape-plot tools/landscape-export tools/example_reader.py tools/import_checkpoint.py tools/published.py
        DESTINATION ${landscape_share}/tools)
install(DIRECTORY tools/landscape DESTINATION ${landscape_share}/tools
        FILES_MATCHING PATTERN "*.py" PATTERN __pycache__ EXCLUDE)
install(DIRECTORY tools/pictures DESTINATION ${landscape_share}/tools)
install(FILES tools/requirements.txt tools/pyproject.toml DESTINATION ${landscape_share}/tools)
install(FILES README.md LICENSE DESTINATION ${landscape_share})
foreach(folder ${landscape_documented})
  install(FILES ${folder}/README.md DESTINATION ${landscape_share}/${folder})
endforeach()
# Debian wants the licence by this name in the folder of the package.
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/landscape-mpi RENAME copyright)

# Links: Python looks for a script's package where the script itself lies, so that no wrapper has to know a path.
file(RELATIVE_PATH landscape_tools_from_bin ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_DATADIR}/landscape_mpi/tools)
foreach(tool landscape-plot landscape-export)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/links)
  file(CREATE_LINK ${landscape_tools_from_bin}/${tool} ${PROJECT_BINARY_DIR}/links/${tool} SYMBOLIC)
  install(FILES ${PROJECT_BINARY_DIR}/links/${tool} DESTINATION ${CMAKE_INSTALL_BINDIR})
endforeach()
