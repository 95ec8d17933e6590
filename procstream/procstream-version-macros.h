/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <glib.h>

#ifndef PROCSTREAM_EXPORT
#define PROCSTREAM_EXPORT __attribute__ ((visibility ("default"))) extern
#endif

#define PROCSTREAM_AVAILABLE_IN_1_0 PROCSTREAM_EXPORT
