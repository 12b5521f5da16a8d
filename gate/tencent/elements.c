/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/tencent/elements.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/basics.h"

#define ELEMENTS_MAX 10 /* of ours */

/* How the value of a member is written on either side. */
enum element_form {
    FORM_TEXT,
    FORM_NUMBER, /* theirs may be in quotes */
    FORM_URL,    /* ours is `url`, or `data` beside it for a data: URL */
    FORM_FORMAT, /* of a picture: theirs is a number */
    FORM_TWO,    /* theirs is 2: there is a URL; ours has nothing */
    FORM_ITEM    /* whatever it is, unchanged */
};

/* `ours` may be a member of an object within: "thumb.width". The last row has no name. */
struct member_row {
    const char *theirs, *ours;
    enum element_form form;
};

static const struct member_row text_members[] = {{"Text", "text", FORM_TEXT}, {NULL, NULL, FORM_TEXT}};
static const struct member_row face_members[] = {
    {"Index", "index", FORM_ITEM}, {"Data", "data", FORM_TEXT}, {NULL, NULL, FORM_TEXT}};
static const struct member_row location_members[] = {{"Desc", "desc", FORM_TEXT},
                                                     {"Latitude", "latitude", FORM_NUMBER},
                                                     {"Longitude", "longitude", FORM_NUMBER},
                                                     {NULL, NULL, FORM_TEXT}};
static const struct member_row custom_members[] = {{"Data", "data", FORM_TEXT},
                                                   {"Desc", "desc", FORM_TEXT},
                                                   {"Ext", "ext", FORM_TEXT},
                                                   {"Sound", "sound", FORM_TEXT},
                                                   {NULL, NULL, FORM_TEXT}};
static const struct member_row sound_members[] = {
    {"Url", "url", FORM_URL},           {"UUID", "uuid", FORM_TEXT},       {"Size", "size", FORM_NUMBER},
    {"Second", "seconds", FORM_NUMBER}, {"Download_Flag", NULL, FORM_TWO}, {NULL, NULL, FORM_TEXT}};
static const struct member_row file_members[] = {
    {"Url", "url", FORM_URL},        {"UUID", "uuid", FORM_TEXT},       {"FileSize", "size", FORM_NUMBER},
    {"FileName", "name", FORM_TEXT}, {"Download_Flag", NULL, FORM_TWO}, {NULL, NULL, FORM_TEXT}};
static const struct member_row video_members[] = {{"VideoUrl", "url", FORM_URL},
                                                  {"VideoUUID", "uuid", FORM_TEXT},
                                                  {"VideoSize", "size", FORM_NUMBER},
                                                  {"VideoSecond", "seconds", FORM_NUMBER},
                                                  {"VideoFormat", "format", FORM_TEXT},
                                                  {"VideoDownloadFlag", NULL, FORM_TWO},
                                                  {"ThumbUrl", "thumb.url", FORM_TEXT},
                                                  {"ThumbUUID", "thumb.uuid", FORM_TEXT},
                                                  {"ThumbSize", "thumb.size", FORM_NUMBER},
                                                  {"ThumbWidth", "thumb.width", FORM_NUMBER},
                                                  {"ThumbHeight", "thumb.height", FORM_NUMBER},
                                                  {"ThumbFormat", "thumb.format", FORM_TEXT},
                                                  {NULL, NULL, FORM_TEXT}};
static const struct member_row image_members[] = {
    {"UUID", "uuid", FORM_TEXT}, {"ImageFormat", "format", FORM_FORMAT}, {NULL, NULL, FORM_TEXT}};
static const struct member_row merger_members[] = {
    {"Title", "title", FORM_TEXT},      {"AbstractList", "abstracts", FORM_ITEM},
    {"MsgList", "messages", FORM_ITEM}, {"CompatibleText", "compatibleText", FORM_TEXT},
    {"MsgNum", "count", FORM_NUMBER},   {NULL, NULL, FORM_TEXT}};

/* An entry of ImageInfoArray: 1 is the original, 2 a large one, which is the same with us, 3 a small one. */
enum image_type { IMAGE_ORIGINAL = 1, IMAGE_LARGE, IMAGE_THUMB };
static const struct member_row picture_members[] = {{"URL", "url", FORM_URL},
                                                    {"Size", "size", FORM_NUMBER},
                                                    {"Width", "width", FORM_NUMBER},
                                                    {"Height", "height", FORM_NUMBER},
                                                    {NULL, NULL, FORM_TEXT}};

static const struct element_row {
    const char *theirs, *ours;
    const struct member_row *members;
    bool plain;  /* ours is a text, no object */
    bool images; /* there is an ImageInfoArray, too */
} rows[] = {
    {"TIMTextElem", "text", text_members, true, false},
    {"TIMImageElem", "image", image_members, false, true},
    {"TIMSoundElem", "sound", sound_members, false, false},
    {"TIMVideoFileElem", "video", video_members, false, false},
    {"TIMFileElem", "file", file_members, false, false},
    {"TIMFaceElem", "face", face_members, false, false},
    {"TIMLocationElem", "location", location_members, false, false},
    {"TIMCustomElem", "custom", custom_members, false, false},
    {"TIMRelayElem", "merger", merger_members, false, false},
};

static const struct {
    int number;
    const char *name;
} formats[] = {{1, "jpg"}, {2, "gif"}, {3, "png"}, {4, "bmp"}};
#define FORMAT_OTHER 255

#define DATA_HEAD "data:application/octet-stream;base64,"

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* Adds it; false: memory is out. */
static bool put(cJSON *object, const char *name, cJSON *item_take)
{
    if (item_take && cJSON_AddItemToObject(object, name, item_take))
        return true;
    cJSON_Delete(item_take);
    return false;
}

/* From theirs to ours */

struct element_report {
    char *error;
    size_t error_size;
};

static bool wrong(const struct element_report *report, const char *type, const char *name, const char *must)
{
    snprintf(report->error, report->error_size, "MsgBody: %s: %s must be %s", type, name, must);
    return false;
}

/* false: it is none. */
static bool number_of(const cJSON *item, double *out)
{
    char *end = NULL;
    if (cJSON_IsNumber(item)) {
        *out = item->valuedouble;
        return true;
    }
    if (!cJSON_IsString(item) || !item->valuestring[0])
        return false;
    *out = strtod(item->valuestring, &end);
    return *end == '\0' && *out == *out && *out <= 1e300 && *out >= -1e300;
}

/* A member, perhaps of an object within that is made now. */
static bool put_path(cJSON *object, const char *path, cJSON *item_take)
{
    const char *dot = strchr(path, '.');
    char outer[16] = "";
    if (!dot)
        return put(object, path, item_take);
    snprintf(outer, sizeof outer, "%.*s", (int)(dot - path), path);
    cJSON *inner = cJSON_GetObjectItemCaseSensitive(object, outer);
    if (!inner)
        inner = cJSON_AddObjectToObject(object, outer);
    if (inner)
        return put(inner, dot + 1, item_take);
    cJSON_Delete(item_take);
    return false;
}

static bool read_url(cJSON *object, const char *url)
{
    const char *data = strncmp(url, "data:", strlen("data:")) == 0 ? strstr(url, ";base64,") : NULL;
    if (data)
        return put(object, "data", cJSON_CreateString(data + strlen(";base64,")));
    return put(object, "url", cJSON_CreateString(url));
}

static bool read_format(cJSON *object, double number)
{
    for (size_t i = 0; i < COUNT(formats); i++)
        if (formats[i].number == number)
            return put(object, "format", cJSON_CreateString(formats[i].name));
    return true;
}

static bool read_value(const struct element_report *report, const char *type, const struct member_row *row,
                       const cJSON *item, cJSON *object)
{
    double number = 0;
    const bool counts = row->form == FORM_NUMBER || row->form == FORM_FORMAT;
    if (counts && !number_of(item, &number))
        return wrong(report, type, row->theirs, "a number");
    if ((row->form == FORM_TEXT || row->form == FORM_URL) && !cJSON_IsString(item))
        return wrong(report, type, row->theirs, "a text");
    switch (row->form) {
    case FORM_TEXT:
        return put_path(object, row->ours, cJSON_CreateString(item->valuestring));
    case FORM_NUMBER:
        return put_path(object, row->ours, cJSON_CreateNumber(number));
    case FORM_URL:
        return read_url(object, item->valuestring);
    case FORM_FORMAT:
        return read_format(object, number);
    case FORM_ITEM:
        return put_path(object, row->ours, cJSON_Duplicate(item, true));
    case FORM_TWO:
        break;
    }
    return true;
}

static bool read_members(const struct element_report *report, const char *type,
                         const struct member_row *members, const cJSON *content, cJSON *object)
{
    for (const struct member_row *row = members; row->theirs; row++) {
        const cJSON *item = get(content, row->theirs);
        if (item && !cJSON_IsNull(item) && !read_value(report, type, row, item, object))
            return false;
    }
    return true;
}

static const cJSON *picture_of(const cJSON *list, enum image_type type)
{
    const cJSON *picture;
    double number;
    cJSON_ArrayForEach (picture, list)
        if (number_of(get(picture, "Type"), &number) && number == (double)type)
            return picture;
    return NULL;
}

static bool read_images(const struct element_report *report, const char *type, const cJSON *content,
                        cJSON *object)
{
    const cJSON *list = get(content, "ImageInfoArray");
    const cJSON *original = picture_of(list, IMAGE_ORIGINAL), *thumb = picture_of(list, IMAGE_THUMB);
    if (!original)
        original = picture_of(list, IMAGE_LARGE);
    if (!original && cJSON_IsArray(list) && !thumb)
        original = list->child;
    if (!original)
        return wrong(report, type, "ImageInfoArray", "a list with the original (Type 1)");
    if (!read_members(report, type, picture_members, original, object))
        return false;
    cJSON *small = thumb ? cJSON_AddObjectToObject(object, "thumb") : NULL;
    return !thumb || (small && read_members(report, type, picture_members, thumb, small));
}

static bool read_plain(const struct element_report *report, const struct element_row *row,
                       const cJSON *content, cJSON *message)
{
    const cJSON *item = get(content, row->members->theirs);
    if (!cJSON_IsString(item))
        return wrong(report, row->theirs, row->members->theirs, "a text");
    return put(message, row->ours, cJSON_CreateString(item->valuestring));
}

static bool read_element(const struct element_report *report, const struct element_row *row,
                         const cJSON *content, cJSON *message)
{
    if (row->plain)
        return read_plain(report, row, content, message);
    cJSON *object = cJSON_AddObjectToObject(message, row->ours);
    return object && read_members(report, row->theirs, row->members, content, object) &&
           (!row->images || read_images(report, row->theirs, content, object));
}

static const struct element_row *row_of_theirs(const char *type)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (strcmp(rows[i].theirs, type) == 0)
            return &rows[i];
    return NULL;
}

static bool read_one(const struct element_report *report, const cJSON *element, cJSON *message)
{
    const cJSON *type = get(element, "MsgType"), *content = get(element, "MsgContent");
    const struct element_row *row = cJSON_IsString(type) ? row_of_theirs(type->valuestring) : NULL;
    if (!row) {
        snprintf(report->error, report->error_size, "MsgBody: there is no MsgType %.40s",
                 cJSON_IsString(type) ? type->valuestring : "that is no text");
        return false;
    }
    if (!cJSON_IsObject(content))
        return wrong(report, row->theirs, "MsgContent", "an object");
    return read_element(report, row, content, message);
}

bool elements_read(const cJSON *msg_body, cJSON *message, char *error, size_t error_size)
{
    const struct element_report report = {error, error_size};
    const int count = cJSON_GetArraySize(msg_body);
    const cJSON *element;
    error[0] = '\0';
    if (!cJSON_IsArray(msg_body) || count < 1 || count > ELEMENTS_MAX) {
        snprintf(error, error_size, "MsgBody: must be a list of 1 to %d elements", ELEMENTS_MAX);
        return false;
    }
    if (count == 1)
        return read_one(&report, msg_body->child, message);
    cJSON *list = cJSON_AddArrayToObject(message, "elements");
    cJSON_ArrayForEach (element, msg_body) {
        cJSON *object = list ? cJSON_CreateObject() : NULL;
        if (!object || !cJSON_AddItemToArray(list, object)) {
            cJSON_Delete(object);
            return false;
        }
        if (!read_one(&report, element, object))
            return false;
    }
    return true;
}

/* From ours to theirs */

static const cJSON *get_path(const cJSON *object, const char *path)
{
    const char *dot = strchr(path, '.');
    char outer[16] = "";
    if (!dot)
        return get(object, path);
    snprintf(outer, sizeof outer, "%.*s", (int)(dot - path), path);
    return get(get(object, outer), dot + 1);
}

static cJSON *write_url(const cJSON *object)
{
    const cJSON *url = get(object, "url"), *data = get(object, "data");
    char *text = NULL;
    if (cJSON_IsString(url) || !cJSON_IsString(data))
        return cJSON_CreateString(cJSON_IsString(url) ? url->valuestring : "");
    if (asprintf(&text, DATA_HEAD "%s", data->valuestring) < 0)
        return NULL;
    cJSON *item = cJSON_CreateString(text);
    free(text);
    return item;
}

static int format_number(const cJSON *format)
{
    for (size_t i = 0; cJSON_IsString(format) && i < COUNT(formats); i++)
        if (strcmp(formats[i].name, format->valuestring) == 0)
            return formats[i].number;
    return FORMAT_OTHER;
}

static bool write_value(const struct member_row *row, const cJSON *object, cJSON *content)
{
    const cJSON *item = row->ours ? get_path(object, row->ours) : NULL;
    switch (row->form) {
    case FORM_URL:
        return put(content, row->theirs, write_url(object));
    case FORM_FORMAT:
        return put(content, row->theirs, cJSON_CreateNumber(format_number(item)));
    case FORM_TWO:
        return put(content, row->theirs, cJSON_CreateNumber(2));
    case FORM_TEXT:
    case FORM_NUMBER:
    case FORM_ITEM:
        break;
    }
    return !item || put(content, row->theirs, cJSON_Duplicate(item, true));
}

static bool write_members(const struct member_row *members, const cJSON *object, cJSON *content)
{
    for (const struct member_row *row = members; row->theirs; row++)
        if (!write_value(row, object, content))
            return false;
    return true;
}

static bool write_picture(cJSON *list, enum image_type type, const cJSON *object)
{
    cJSON *picture = cJSON_CreateObject();
    if (!picture || !cJSON_AddItemToArray(list, picture)) {
        cJSON_Delete(picture);
        return false;
    }
    return put(picture, "Type", cJSON_CreateNumber(type)) && write_members(picture_members, object, picture);
}

static bool write_images(const cJSON *object, cJSON *content)
{
    cJSON *list = cJSON_AddArrayToObject(content, "ImageInfoArray");
    const cJSON *thumb = get(object, "thumb");
    return list && write_picture(list, IMAGE_ORIGINAL, object) && write_picture(list, IMAGE_LARGE, object) &&
           (!cJSON_IsObject(thumb) || write_picture(list, IMAGE_THUMB, thumb));
}

static bool write_element(const struct element_row *row, const cJSON *item, cJSON *list)
{
    cJSON *element = cJSON_CreateObject();
    if (!element || !cJSON_AddItemToArray(list, element)) {
        cJSON_Delete(element);
        return false;
    }
    cJSON *content = cJSON_AddStringToObject(element, "MsgType", row->theirs)
                         ? cJSON_AddObjectToObject(element, "MsgContent")
                         : NULL;
    if (!content)
        return false;
    if (row->plain)
        return put(content, row->members->theirs, cJSON_Duplicate(item, true));
    return write_members(row->members, item, content) && (!row->images || write_images(item, content));
}

/* The one content that `object` has; none is fine. */
static bool write_content(const cJSON *object, cJSON *list)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        const cJSON *item = get(object, rows[i].ours);
        if (item)
            return write_element(&rows[i], item, list);
    }
    return true;
}

static bool write_all(const cJSON *message, cJSON *list)
{
    const cJSON *several = get(message, "elements"), *element;
    if (!several)
        return write_content(message, list);
    cJSON_ArrayForEach (element, several)
        if (!write_content(element, list))
            return false;
    return true;
}

cJSON *elements_write(const cJSON *message)
{
    cJSON *list = cJSON_CreateArray();
    if (list && write_all(message, list))
        return list;
    cJSON_Delete(list);
    return NULL;
}
