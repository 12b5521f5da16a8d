# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Found by bash-completion when chatctl is first completed.
eval "$(chatctl complete)"
