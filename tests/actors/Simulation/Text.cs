using System.Collections;
using System.Globalization;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Messages as one line of a transcript: their name and what is in them.</summary>
internal static class Text
{
    public static string Of(object? value) => value switch
    {
        null => "-",
        string text => $"\"{text}\"",
        double number => number.ToString("G6", CultureInfo.InvariantCulture),
        DateTimeOffset => "*",
        TimeSpan => "*",
        TrainerKey or Models.Lanes.LaneBlock => value.ToString()!,
        ActorId actor => $"\"{actor}\"",
        Round round => $"{round.Number}@{round.Step}",
        Ticket ticket => $"g{ticket.Generation}/{Of(ticket.Round)}",
        SkipList skips =>
            skips.Ranges.Count == 0 ? "no skips" : string.Join(' ', skips.Ranges.Select(static range => $"-{range.First}+{range.Count}")),
        RunOverrides => "*",
        IReadOnlyDictionary<int, long> unproved => $"unproved {UnprovedWork.Write(unproved)}".TrimEnd(),
        CheckpointHistory => "*",
        Models.Optimization.UpdateAdjustment => "*",
        SpikeMemory => "*",
        IEnumerable list => "[" + string.Join(' ', list.Cast<object?>().Select(Of)) + "]",
        _ when value.GetType().IsPrimitive || value.GetType().IsEnum => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        _ => Members(value),
    };

    private static string Members(object value)
    {
        var properties = value.GetType().GetProperties()
            .Where(static property => property.Name is not ("EqualityContract" or "Positions" or "At" or "Waited" or "Previous" or "Record")).ToList();
        return properties.Count == 0 ? value.GetType().Name
            : $"{value.GetType().Name} {string.Join(", ", properties.Select(property => Of(property.GetValue(value))))}";
    }
}
