/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-pipeline-result.h"

G_BEGIN_DECLS

/* @results: (element-type ProcstreamResult), of all stages in their order. @cut_short: (element-type gboolean), of each, whether the ends of its
 * outputs were not waited for because of what another one did. @exceeding: the number of the one that wrote too much, or -1. */
ProcstreamPipelineResult *procstream_pipeline_result_new (GPtrArray *results,
                                                          GArray    *cut_short,
                                                          int        exceeding);

G_END_DECLS
