/* A driver's library that answers as NVIDIA's does, for devices that FAKE_NVML describes.
 *
 * Each letter of FAKE_NVML is a device: 'w' a whole one, 'd' one divided into two instances, 'x' one that this user
 * may not use. FAKE_NVML=fail lets the initialisation fail, FAKE_NVML=hang never answers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int nvmlReturn_t;
typedef struct { int index, part; } *handle_t;
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned int gpu, memory; } rates_t;
enum { SUCCESS = 0, INVALID = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4, NOT_FOUND = 6, DRIVER_NOT_LOADED = 9 };

static const char *setting(void) { const char *found = getenv("FAKE_NVML"); return found ? found : ""; }

static handle_t made(int index, int part) {
  handle_t handle = malloc(sizeof(*handle));
  handle->index = index;
  handle->part = part;
  return handle;
}

nvmlReturn_t nvmlInitWithFlags(unsigned int flags) {
  (void)flags;
  if (!strcmp(setting(), "hang")) for (;;) pause();
  return strcmp(setting(), "fail") ? SUCCESS : DRIVER_NOT_LOADED;
}
nvmlReturn_t nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
nvmlReturn_t nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(nvmlReturn_t code) { return code == DRIVER_NOT_LOADED ? "Driver Not Loaded" : "Error"; }

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count) { *count = strlen(setting()); return SUCCESS; }

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, handle_t *handle) {
  if (index >= strlen(setting())) return INVALID;
  if (setting()[index] == 'x') return NO_PERMISSION;
  *handle = made(index, 0);
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMigMode(handle_t handle, unsigned int *now, unsigned int *pending) {
  if (setting()[handle->index] == 'w') return NOT_SUPPORTED;
  *now = *pending = 1;
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(handle_t handle, unsigned int *count) { (void)handle; *count = 7; return SUCCESS; }

nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(handle_t handle, unsigned int index, handle_t *part) {
  if (index >= 2) return NOT_FOUND;
  *part = made(handle->index, index + 1);
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUUID(handle_t handle, char *text, unsigned int length) {
  if (handle->part) snprintf(text, length, "MIG-0000000%d-%d", handle->index, handle->part);
  else snprintf(text, length, "GPU-0000000%d", handle->index);
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, handle_t *handle) {
  int index = 0, part = 0;
  if (sscanf(uuid, "GPU-%d", &index) != 1 && sscanf(uuid, "MIG-%d-%d", &index, &part) != 2) return NOT_FOUND;
  *handle = made(index, part);
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetName(handle_t handle, char *text, unsigned int length) {
  snprintf(text, length, handle->part ? "NVIDIA H200 MIG 3g.71gb" : "NVIDIA H200");
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(handle_t handle, memory_t *memory) {
  memory->total = handle->part ? 76013436928ULL : 150754820096ULL;
  memory->used = 1000000000ULL * (handle->index + 1);
  memory->free = memory->total - memory->used;
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUtilizationRates(handle_t handle, rates_t *rates) {
  if (handle->part) return NOT_SUPPORTED;
  rates->gpu = 40 + handle->index;
  rates->memory = 20;
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetPowerUsage(handle_t handle, unsigned int *milliwatts) {
  if (handle->part) return NOT_SUPPORTED;
  *milliwatts = 300000 + 1000 * handle->index;
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(handle_t handle, unsigned int *milliwatts) {
  (void)handle;
  *milliwatts = 700000;
  return SUCCESS;
}
