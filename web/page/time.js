// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Times as people read them. Messages have seconds since 1970, as in Tencent's SDK.

import { getLanguage, locale, t } from "./words.js";

const DAY = 86400000;
/** @type {Map<string, Intl.DateTimeFormat>} making one takes a millisecond */
const formats = new Map();

/** @param {string} name @param {Intl.DateTimeFormatOptions} options @param {Date} date */
function format(name, options, date) {
    const key = getLanguage() + name;
    let found = formats.get(key);
    if (!found) formats.set(key, (found = new Intl.DateTimeFormat(locale(), options)));
    return found.format(date);
}

/** Whole days between a day and today: 0 today, 1 yesterday. @param {Date} date */
function daysAgo(date) {
    const today = new Date();
    return Math.round(
        (new Date(today.getFullYear(), today.getMonth(), today.getDate()).getTime() -
            new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()) /
            DAY,
    );
}

/** @param {Date} date */
const thisYear = (date) => date.getFullYear() === new Date().getFullYear();

/** 14:05 @param {number} seconds */
export const clock = (seconds) =>
    format("clock", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, new Date(seconds * 1000));

/** In a list: 14:05, Yesterday, Mon, 12 Mar, 12/03/2024. @param {number} seconds */
export function listTime(seconds) {
    if (!seconds) return "";
    const date = new Date(seconds * 1000);
    const days = daysAgo(date);
    if (days <= 0) return clock(seconds);
    if (days === 1) return t("time.yesterday");
    if (days < 7) return format("weekday", { weekday: "short" }, date);
    return thisYear(date)
        ? format("day", { day: "numeric", month: "short" }, date)
        : format("date", { day: "2-digit", month: "2-digit", year: "numeric" }, date);
}

/** Over the messages of a day: Today, Yesterday, Monday, 12 March, 12 March 2024. @param {number} seconds */
export function dayTitle(seconds) {
    const date = new Date(seconds * 1000);
    const days = daysAgo(date);
    if (days <= 0) return t("time.today");
    if (days === 1) return t("time.yesterday");
    if (days < 7) return format("long weekday", { weekday: "long" }, date);
    return thisYear(date)
        ? format("long day", { day: "numeric", month: "long" }, date)
        : format("long date", { day: "numeric", month: "long", year: "numeric" }, date);
}

/** Are they on the same day? @param {number} one @param {number} other */
export const sameDay = (one, other) => new Date(one * 1000).toDateString() === new Date(other * 1000).toDateString();

/** Everything about it, for a tooltip. @param {number} seconds */
export const fullTime = (seconds) =>
    format("full", { dateStyle: "full", timeStyle: "medium" }, new Date(seconds * 1000));

/** Today at 14:05, 12 Mar at 14:05. @param {number} seconds */
export function momentTime(seconds) {
    const days = daysAgo(new Date(seconds * 1000));
    return days <= 0
        ? t("time.todayAt", { time: clock(seconds) })
        : t("time.dayAt", { day: listTime(seconds), time: clock(seconds) });
}

/** Of a sound or video: 0:07, 1:02:03. @param {number} seconds */
export function duration(seconds) {
    const whole = Math.max(0, Math.round(seconds || 0));
    const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
    const minutes = Math.floor(whole / 60);
    return minutes < 60
        ? `${minutes}:${two(whole % 60)}`
        : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** How long something lasts, in words: "10 minutes", "3 days". @param {number} seconds */
export function span(seconds) {
    if (seconds >= 86400) return t("time.days", { n: Math.round(seconds / 86400) });
    if (seconds >= 3600) return t("time.hours", { n: Math.round(seconds / 3600) });
    return t("time.minutes", { n: Math.max(1, Math.round(seconds / 60)) });
}

/** Of a file: 17 KB, 2.3 MB. @param {number} bytes */
export function fileSize(bytes) {
    if (!(bytes >= 1024)) return `${bytes || 0} B`;
    const unit = bytes >= 1 << 30 ? 3 : bytes >= 1 << 20 ? 2 : 1;
    const number = bytes / 1024 ** unit;
    return `${number.toFixed(number < 10 ? 1 : 0)} ${["B", "KB", "MB", "GB"][unit]}`;
}
