/* SPDX-License-Identifier: MIT */
#pragma once

#include "helper/protocol/server.h"

/* org.varlink.service: what every Varlink service can be asked about itself, and the errors that are common to all. */

#define METHOD_GET_INFO "org.varlink.service.GetInfo"
#define METHOD_GET_INTERFACE_DESCRIPTION "org.varlink.service.GetInterfaceDescription"
#define ERROR_EXPECTED_MORE "org.varlink.service.ExpectedMore"

/* A program and the interface that it serves besides org.varlink.service. */
struct service {
	const char *product;
	const char *interface;
	const char *description; /* the interface file */
};

/* Each answers the call under way. */
void service_get_info(struct conn *c, const struct service *s);
void service_get_interface_description(struct conn *c, const struct service *s, const struct varlink_call *call);

/** service_invalid() - InvalidParameter, with the parameter's name */
void service_invalid(struct conn *c, const char *parameter);

/** service_not_found() - MethodNotFound, with the method's name */
void service_not_found(struct conn *c, const char *method);
