# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Debian packages: scripts/packages makes them, or `cpack -G DEB` in a build folder that was configured with
# -DCMAKE_INSTALL_PREFIX=/usr. Each install() of CMakeLists.txt names its package as COMPONENT.
set(CPACK_PACKAGE_CONTACT "the mosquitto-chat authors <mosquitto-chat@example.org>")
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # else it stands above each package's own
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(PACKAGES_DIR ${PROJECT_BINARY_DIR}/packages)

# A release has the version of project() and of the changelog, which are the same; what is built from a checkout behind it counts
# its commits, so that each later build is newer for apt: 0.1.0, 0.1.0+1234.gabcdef0, 0.2.0.
file(STRINGS packages/changelog CHANGELOG_HEAD LIMIT_COUNT 1)
if(NOT CHANGELOG_HEAD MATCHES "^mosquitto-chat \\(${PROJECT_VERSION}\\) ")
  message(FATAL_ERROR "packages/changelog begins with \"${CHANGELOG_HEAD}\", project() has version ${PROJECT_VERSION}")
endif()
set(CPACK_DEBIAN_PACKAGE_VERSION ${PROJECT_VERSION})
foreach(question "describe --tags --exact-match --match v${PROJECT_VERSION}" "rev-list --count HEAD" "rev-parse --short HEAD")
  separate_arguments(question UNIX_COMMAND "${question}")
  execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} ${question} OUTPUT_VARIABLE answer ERROR_QUIET
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  list(APPEND GIT_ANSWERS "_${answer}")
endforeach()
if(GIT_ANSWERS MATCHES "^_;_([0-9]+);_([0-9a-f]+)$") # no tag, and a checkout
  string(APPEND CPACK_DEBIAN_PACKAGE_VERSION "+${CMAKE_MATCH_1}.g${CMAKE_MATCH_2}")
endif()

# What Debian wants in each package, and a service's scripts.
# package(NAME SUMMARY text TEXT text [DEPENDS packages] [SERVICE] [ALL_ARCHITECTURES])
function(package name)
  cmake_parse_arguments(P "SERVICE;ALL_ARCHITECTURES" "SUMMARY;TEXT;DEPENDS" "" ${ARGN})
  string(TOUPPER ${name} upper)
  set(extra)
  install(FILES packages/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${name})
  install_compressed(packages/changelog ${CMAKE_INSTALL_DATADIR}/doc/${name} ${name})
  if(P_SERVICE)
    configure_file(packages/${name}.service.in ${PACKAGES_DIR}/${name}.service @ONLY)
    # Debian 12 looks in /lib, 13 has made /lib and /usr/lib one.
    install(FILES ${PACKAGES_DIR}/${name}.service DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system COMPONENT ${name})
    foreach(script postinst prerm postrm)
      configure_file(packages/${script}.in ${PACKAGES_DIR}/${name}/${script} @ONLY
        FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
      list(APPEND extra ${PACKAGES_DIR}/${name}/${script})
    endforeach()
  endif()
  if(P_ALL_ARCHITECTURES)
    set(CPACK_DEBIAN_${upper}_PACKAGE_ARCHITECTURE all PARENT_SCOPE)
    set(CPACK_DEBIAN_${upper}_PACKAGE_SHLIBDEPS OFF PARENT_SCOPE)
  endif()
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "${P_DEPENDS}" PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA "${extra}" PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${P_SUMMARY}\n${P_TEXT}" PARENT_SCOPE)
  set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${name} PARENT_SCOPE)
endfunction()

package(mosquitto-chat
  SUMMARY "chat server as a plugin of the Mosquitto MQTT broker"
  TEXT "Private messages, groups, live rooms, delivery to who was away, history,
receipts, several devices of a user, uploads and push notifications, for any
MQTT client. Names, codes and logins are those of Tencent IM.
This package has the plugin, chatctl, its command-line tool, and the same as
a module of mosquitto_ctrl."
  DEPENDS "mosquitto (>= 2.0.11)")
install(FILES ${EXAMPLES}/mosquitto.conf.example DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/mosquitto/conf.d
  RENAME chat.conf.example COMPONENT mosquitto-chat)
# They have no soname since nobody links them.
install(FILES packages/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME mosquitto-chat
  COMPONENT mosquitto-chat)
foreach(script postinst prerm)
  configure_file(packages/plugin.${script} ${PACKAGES_DIR}/mosquitto-chat/${script} COPYONLY
    FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  list(APPEND CPACK_DEBIAN_MOSQUITTO-CHAT_PACKAGE_CONTROL_EXTRA ${PACKAGES_DIR}/mosquitto-chat/${script})
endforeach()
# What is below /etc is the operator's: an upgrade asks before it changes it.
file(WRITE ${PACKAGES_DIR}/mosquitto-chat/conffiles "${CMAKE_INSTALL_FULL_SYSCONFDIR}/mosquitto/conf.d/chat.conf.example\n")
list(APPEND CPACK_DEBIAN_MOSQUITTO-CHAT_PACKAGE_CONTROL_EXTRA ${PACKAGES_DIR}/mosquitto-chat/conffiles)

if(CHAT_PUSH)
  package(chatpushd SERVICE
    SUMMARY "push notifications for mosquitto-chat"
    TEXT "Takes push jobs from a Mosquitto broker with the chat plugin and delivers
them through Apple (APNs), Google (FCM) or a web hook of your own.")
endif()
if(CHAT_GATE)
  package(chatgate SERVICE
    SUMMARY "HTTP gateway for mosquitto-chat"
    TEXT "Chat over plain HTTP, Tencent IM's REST interface and web hooks, uploads and
files, and figures for Prometheus, beside a Mosquitto broker with the chat
plugin.")
endif()
if(EXISTS ${CHAT_WEB_DIR}/index.html)
  install(DIRECTORY ${CHAT_WEB_DIR}/ DESTINATION ${CMAKE_INSTALL_DATADIR}/mosquitto-chat/web COMPONENT mosquitto-chat-web)
  package(mosquitto-chat-web ALL_ARCHITECTURES
    SUMMARY "chat page for mosquitto-chat"
    TEXT "A chat page for browsers, and the JavaScript client it is made with, to be
served by chatgate or another web server.")
endif()
include(CPack)
