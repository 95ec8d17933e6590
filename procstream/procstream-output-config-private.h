/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-output-config.h"
#include "procstream-output-core-private.h"
#include "procstream-output-limits-private.h"

G_BEGIN_DECLS

/* What is unset in @config (may be NULL) is taken from @delivery, @replay and @replay_limit. Fails, naming @owner and the property, when
 * something is still unset, too small, or out of range; discard and inherit need no policy. */
gboolean procstream_output_config_resolve (ProcstreamOutputConfig   *config,
                                           const char               *owner,
                                           ProcstreamDelivery        delivery,
                                           ProcstreamReplay          replay,
                                           guint64                   replay_limit,
                                           ProcstreamOutputSettings *settings,
                                           GError                  **error);

/* Whether there is anything to read, and so a policy. */
gboolean procstream_output_settings_is_read (const ProcstreamOutputSettings *settings);

ProcstreamOutputLimits *procstream_output_config_get_limits (ProcstreamOutputConfig *self);

/* The same for what a consumer chose for itself. */
gboolean procstream_output_settings_check_lines (const ProcstreamLineOptions *lines,
                                                 const char                  *owner,
                                                 GError                     **error);
gboolean procstream_output_settings_check_delivery (ProcstreamDelivery delivery,
                                                    const char        *owner,
                                                    GError           **error);

G_END_DECLS
