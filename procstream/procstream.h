/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#define PROCSTREAM_INSIDE

#include <procstream/procstream-capture.h>
#include <procstream/procstream-child.h>
#include <procstream/procstream-chunk-info.h>
#include <procstream/procstream-collector.h>
#include <procstream/procstream-complete-options.h>
#include <procstream/procstream-consumer.h>
#include <procstream/procstream-enum-types.h>
#include <procstream/procstream-enums.h>
#include <procstream/procstream-deinit.h>
#include <procstream/procstream-error.h>
#include <procstream/procstream-input.h>
#include <procstream/procstream-launcher.h>
#include <procstream/procstream-line-parser.h>
#include <procstream/procstream-line-waiter.h>
#include <procstream/procstream-line.h>
#include <procstream/procstream-log-model.h>
#include <procstream/procstream-match.h>
#include <procstream/procstream-output-config.h>
#include <procstream/procstream-output.h>
#include <procstream/procstream-pipeline-result.h>
#include <procstream/procstream-pipeline.h>
#include <procstream/procstream-reader.h>
#include <procstream/procstream-result.h>
#include <procstream/procstream-run.h>
#include <procstream/procstream-scope.h>
#include <procstream/procstream-shutdown-attempt.h>
#include <procstream/procstream-shutdown-phase.h>
#include <procstream/procstream-shutdown.h>
#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-version.h>
#include <procstream/procstream-writer.h>

#undef PROCSTREAM_INSIDE
