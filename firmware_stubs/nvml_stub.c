/* A stand-in for NVIDIA's libnvidia-ml.so.1: GPUs whose values and faults stand in a control file.
 *
 * Names, structures and error numbers are those of NVIDIA's nvml.h (API reference of driver release 550).
 * The control file is named by NVML_STUB_CONTROL, or is nvml.control beside the library. It is read at every call.
 *
 *     driver 550.54.15
 *     count 2                    GPUs that nvmlInit finds
 *     init_hang_s 60             nvmlInit stands still
 *     init_error 9               nvmlInit fails with this number
 *     gpu 0 power_mw 250000      a value; "none" is "not supported"
 *     gpu 0 lost 1               it fell off the bus; a handle that was lost stays so until NVML is begun anew
 *     gpu 0 hang_s 60            every call to it stands still
 *     gpu 0 locked 1             who sets a limit has no permission
 *     gpu 0 ignores_limit 1      a limit is taken and not carried out
 *
 * A limit that is set goes to the file NAME.set, so that it outlives the process as in a real GPU.
 *
 *     cc -shared -fPIC -O1 [-DOLD_NAMES] -o libnvidia-ml.so.1 nvml_stub.c -ldl
 *
 * OLD_NAMES leaves out what drivers before release 535 do not have (nvmlDeviceGetCurrentClocksEventReasons).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OK = 0, UNINITIALIZED = 1, INVALID = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4, NOT_FOUND = 6, LOST = 15 };
enum { MOST = 16, VALUES = 40, UINT = 1, ULONGLONG = 3 };

typedef struct { char key[32]; long long number; char text[96]; int none; } Value;
typedef struct { int number; int values; Value value[VALUES]; } Gpu;
typedef Gpu *Handle;

static Gpu pod;          /* what stands outside of any GPU */
static Gpu gpus[MOST];
static int gone[MOST];   /* seen lost since nvmlInit */
static int begun;

static Value *find(Gpu *gpu, const char *key) {
    for (int i = 0; i < gpu->values; i++)
        if (!strcmp(gpu->value[i].key, key)) return &gpu->value[i];
    return NULL;
}

static void put(Gpu *gpu, const char *key, const char *text) {
    Value *value = find(gpu, key);
    if (!value && gpu->values < VALUES) value = &gpu->value[gpu->values++];
    if (!value) return;
    snprintf(value->key, sizeof value->key, "%s", key);
    snprintf(value->text, sizeof value->text, "%s", text);
    value->number = strtoll(text, NULL, 0);
    value->none = !strcmp(text, "none");
}

static const char *control(void) {
    static char path[4096];
    const char *named = getenv("NVML_STUB_CONTROL");
    Dl_info info;
    if (named) return named;
    if (!dladdr((void *)control, &info)) return "nvml.control";
    snprintf(path, sizeof path, "%s", info.dli_fname);
    char *end = strrchr(path, '/');
    snprintf(end ? end + 1 : path, sizeof path - (end ? end + 1 - path : 0), "nvml.control");
    return path;
}

static void take(const char *path) {
    char line[256], key[32], text[96];
    int n;
    FILE *file = fopen(path, "r");
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "gpu %d %31s %95[^\n]", &n, key, text) == 3 && n >= 0 && n < MOST) put(&gpus[n], key, text);
        else if (sscanf(line, "%31s %95[^\n]", key, text) == 2) put(&pod, key, text);
    }
    fclose(file);
}

static void look(void) {
    char kept[4200];
    pod.values = 0;
    for (int n = 0; n < MOST; n++) gpus[n].number = n, gpus[n].values = 0;
    take(control());
    snprintf(kept, sizeof kept, "%s.set", control());
    take(kept);
}

static long long number(Gpu *gpu, const char *key) {
    Value *value = find(gpu, key);
    return value ? value->number : 0;
}

/* Stand still for the time that the control file says, or until it says otherwise. */
static void hang(Gpu *where, const char *key) {
    struct timespec pause = {0, 10000000};
    for (long long waited = 0; waited < 100 * number(where, key); waited++) {
        nanosleep(&pause, NULL);
        look();
    }
}

static int reach(Handle gpu) {
    if (!begun) return UNINITIALIZED;
    look();
    hang(gpu, "hang_s");
    if (number(gpu, "lost")) gone[gpu->number] = 1;
    return gone[gpu->number] ? LOST : OK;
}

/* One number of a GPU; what the control file does not name is not supported. */
static int get(Handle gpu, const char *key, unsigned long long *out) {
    int error = reach(gpu);
    Value *value = find(gpu, key);
    if (error) return error;
    if (!value || value->none) return NOT_SUPPORTED;
    *out = (unsigned long long)value->number;
    return OK;
}

static int get_uint(Handle gpu, const char *key, unsigned int *out) {
    unsigned long long wide = 0;
    int error = get(gpu, key, &wide);
    if (!error) *out = (unsigned int)wide;
    return error;
}

static int get_text(Handle gpu, const char *key, char *out, unsigned int size) {
    int error = reach(gpu);
    Value *value = find(gpu, key);
    if (error) return error;
    if (!value || value->none) return NOT_SUPPORTED;
    snprintf(out, size, "%s", value->text);
    return OK;
}

int nvmlInitWithFlags(unsigned int flags) {
    (void)flags;
    look();
    hang(&pod, "init_hang_s");
    if (number(&pod, "init_error")) return (int)number(&pod, "init_error");
    if (!begun++) memset(gone, 0, sizeof gone);
    return OK;
}
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) {
    if (!begun) return UNINITIALIZED;
    begun--;
    return OK;
}
const char *nvmlErrorString(int error) {
    static char text[32];
    snprintf(text, sizeof text, "stub error %d", error);
    return text;
}
int nvmlSystemGetDriverVersion(char *out, unsigned int size) {
    Value *value = find(&pod, "driver");
    snprintf(out, size, "%s", value ? value->text : "stub");
    return begun ? OK : UNINITIALIZED;
}
int nvmlDeviceGetCount_v2(unsigned int *out) {
    if (!begun) return UNINITIALIZED;
    look();
    *out = (unsigned int)number(&pod, "count");
    return OK;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, Handle *out) {
    if (!begun) return UNINITIALIZED;
    look();
    if (index >= MOST || index >= (unsigned int)number(&pod, "count")) return INVALID;
    *out = &gpus[index];
    return reach(*out);
}
int nvmlDeviceGetHandleByUUID(const char *uuid, Handle *out) {
    if (!begun) return UNINITIALIZED;
    look();
    for (int n = 0; n < MOST && n < (int)number(&pod, "count"); n++) {
        Value *value = find(&gpus[n], "uuid");
        if (value && !strcmp(value->text, uuid)) return *out = &gpus[n], reach(*out);
    }
    return NOT_FOUND;
}
int nvmlDeviceGetUUID(Handle gpu, char *out, unsigned int size) { return get_text(gpu, "uuid", out, size); }
int nvmlDeviceGetName(Handle gpu, char *out, unsigned int size) { return get_text(gpu, "name", out, size); }
int nvmlDeviceGetSerial(Handle gpu, char *out, unsigned int size) { return get_text(gpu, "serial", out, size); }

typedef struct { char legacy[16]; unsigned int domain, bus, device, id, subsystem; char bus_id[32]; } Pci;
int nvmlDeviceGetPciInfo_v3(Handle gpu, Pci *out) {
    memset(out, 0, sizeof *out);
    return get_text(gpu, "pci", out->bus_id, sizeof out->bus_id);
}
int nvmlDeviceGetPowerUsage(Handle gpu, unsigned int *out) { return get_uint(gpu, "power_mw", out); }
int nvmlDeviceGetTotalEnergyConsumption(Handle gpu, unsigned long long *out) { return get(gpu, "energy_mj", out); }
int nvmlDeviceGetTemperature(Handle gpu, int sensor, unsigned int *out) {
    return sensor ? INVALID : get_uint(gpu, "temperature_c", out);
}
typedef struct { unsigned int gpu, memory; } Utilisation;
int nvmlDeviceGetUtilizationRates(Handle gpu, Utilisation *out) {
    int error = get_uint(gpu, "gpu_percent", &out->gpu);
    return error ? error : get_uint(gpu, "memory_percent", &out->memory);
}
typedef struct { unsigned long long total, free, used; } Memory;
int nvmlDeviceGetMemoryInfo(Handle gpu, Memory *out) {
    int error = get(gpu, "memory_total", &out->total);
    if (!error) error = get(gpu, "memory_used", &out->used);
    if (!error) out->free = out->total - out->used;
    return error;
}
int nvmlDeviceGetTotalEccErrors(Handle gpu, int type, int counter, unsigned long long *out) {
    (void)counter;
    return get(gpu, type ? "ecc_uncorrected" : "ecc_corrected", out);
}
int nvmlDeviceGetCurrentClocksThrottleReasons(Handle gpu, unsigned long long *out) { return get(gpu, "reasons", out); }
#ifndef OLD_NAMES
int nvmlDeviceGetCurrentClocksEventReasons(Handle gpu, unsigned long long *out) { return get(gpu, "reasons", out); }
#endif
int nvmlDeviceGetClockInfo(Handle gpu, int type, unsigned int *out) {
    return type == 1 ? get_uint(gpu, "sm_mhz", out) : type == 2 ? get_uint(gpu, "memory_mhz", out) : NOT_SUPPORTED;
}
int nvmlDeviceGetPcieReplayCounter(Handle gpu, unsigned int *out) { return get_uint(gpu, "replays", out); }
int nvmlDeviceGetPowerManagementLimit(Handle gpu, unsigned int *out) { return get_uint(gpu, "limit_mw", out); }
int nvmlDeviceGetPowerManagementDefaultLimit(Handle gpu, unsigned int *out) {
    return get_uint(gpu, "limit_default_mw", out);
}
int nvmlDeviceGetPowerManagementLimitConstraints(Handle gpu, unsigned int *low, unsigned int *high) {
    int error = get_uint(gpu, "limit_low_mw", low);
    return error ? error : get_uint(gpu, "limit_high_mw", high);
}
int nvmlDeviceSetPowerManagementLimit(Handle gpu, unsigned int limit) {
    char kept[4200];
    unsigned int low = 0, high = 0;
    int error = nvmlDeviceGetPowerManagementLimitConstraints(gpu, &low, &high);
    if (error) return error;
    if (number(gpu, "locked")) return NO_PERMISSION;
    if (limit < low || limit > high) return INVALID;
    if (number(gpu, "ignores_limit")) return OK;
    snprintf(kept, sizeof kept, "%s.set", control());
    FILE *file = fopen(kept, "a");
    if (!file) return 999;
    fprintf(file, "gpu %d limit_mw %u\n", gpu->number, limit);
    fclose(file);
    return OK;
}

typedef struct { uint32_t field, scope; int64_t time, latency; int type, error; union { unsigned int u; unsigned long long l; } value; } Field;
int nvmlDeviceGetFieldValues(Handle gpu, int count, Field *fields) {
    static const struct { uint32_t field; const char *key; int type; } known[] = {
        {82, "memory_temperature_c", UINT}, {38, "nvlink_crc", ULONGLONG},
        {52, "nvlink_replay", ULONGLONG}, {59, "nvlink_recovery", ULONGLONG}};
    int error = reach(gpu);
    if (error) return error;
    for (int i = 0; i < count; i++) {
        fields[i].error = NOT_SUPPORTED;
        for (unsigned k = 0; k < sizeof known / sizeof *known; k++) {
            if (known[k].field != fields[i].field) continue;
            fields[i].type = known[k].type;
            fields[i].value.l = 0;
            fields[i].error = get(gpu, known[k].key, &fields[i].value.l);
        }
    }
    return OK;
}
