/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-pipeline-result.h"

G_BEGIN_DECLS

/* @results: (element-type ProcstreamResult), of all stages in their order. */
ProcstreamPipelineResult *procstream_pipeline_result_new (GPtrArray *results);

G_END_DECLS
