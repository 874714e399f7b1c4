using System.Text.Json;
using ActorTrain.Actors.Tracing;
using ActorTrain.Models;

namespace ActorTrain.Host.Reports;

/// <summary>What the actors of a run did during some steps: a table, or a timeline for tools.</summary>
internal static class TraceReport
{
    /// <summary>Prints each actor's time per step, and its messages.</summary>
    public static void Write(StepTrace trace, TextWriter output)
    {
        var (first, last, steps) = (trace.Steps[0], trace.Steps[^1], trace.Steps.Count - 1);
        output.WriteLine($"{Plural.Of(steps, "step")} of {(last - first) / steps:0.00} ms; milliseconds per step:");
        output.WriteLine($"{"actor",-20}{"message",-28}{"messages",10}{"ms",10}{"share",9}");
        foreach (var actor in trace.Messages.Where(message => message.Began >= first && message.Began < last)
            .GroupBy(static message => message.Actor)
            .OrderByDescending(static actor => actor.Sum(static message => message.Took)))
        {
            Line(actor.Key, "", actor);
            foreach (var kind in actor.GroupBy(static message => message.Message)
                .OrderByDescending(static kind => kind.Sum(static message => message.Took)))
                Line("", kind.Key, kind);
        }

        void Line(string actor, string message, IEnumerable<HandledMessage> handled)
        {
            var (count, took) = (handled.Count(), handled.Sum(static one => one.Took));
            output.WriteLine(
                $"{actor,-20}{message,-28}{(double)count / steps,10:0.0}{took / steps,10:0.000}{100 * took / (last - first),8:0.0}%");
        }
    }

    /// <summary>Writes the timeline in the trace event format of Chromium: complete events ("X"), a row per actor, microseconds.</summary>
    public static void Save(StepTrace trace, Stream stream)
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartArray();
        List<string> rows = ["commits", .. trace.Messages.Select(static message => message.Actor).Distinct().Order(StringComparer.Ordinal)];
        for (var row = 0; row < rows.Count; row++)
        {
            Begin("M", "thread_name", row);
            json.WriteStartObject("args");
            json.WriteString("name", rows[row]);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        foreach (var commit in trace.Steps)
        {
            Begin("i", "commit", 0);
            json.WriteNumber("ts", 1000 * commit);
            json.WriteString("s", "p");
            json.WriteEndObject();
        }

        foreach (var message in trace.Messages)
        {
            Begin("X", message.Message, rows.IndexOf(message.Actor));
            json.WriteNumber("ts", 1000 * message.Began);
            json.WriteNumber("dur", 1000 * message.Took);
            json.WriteEndObject();
        }

        json.WriteEndArray();

        void Begin(string phase, string name, int row)
        {
            json.WriteStartObject();
            json.WriteString("ph", phase);
            json.WriteString("name", name);
            json.WriteNumber("pid", 1);
            json.WriteNumber("tid", row);
        }
    }
}
