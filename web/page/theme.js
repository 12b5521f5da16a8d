// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// No module: it runs before anything is drawn, so that a page that was set to dark does not flash.
document.documentElement.dataset.theme = localStorage.getItem("chat.theme") || "";
