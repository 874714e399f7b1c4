using System.Collections.Immutable;
using System.Globalization;

namespace ActorTrain.Persistence.Recovery;

/// <summary>Whose part in a state is not proved right: for each such trainer, by number, the first step of which that is so. It is kept
/// with every checkpoint, so that a fault that shows only in a later process still tells how far back nothing is to be trusted.</summary>
public static class UnprovedWork
{
    /// <summary>Under which name the manifest keeps it.</summary>
    public const string Key = "unproved";

    public static string Write(IReadOnlyDictionary<int, long> unproved) =>
        string.Join(' ', unproved.OrderBy(static one => one.Key).Select(static one => $"{one.Key}:{one.Value}"));

    /// <summary>What a text says; null where there is none, in a checkpoint of an older program, or none that can be read: then nothing is
    /// proved.</summary>
    public static ImmutableDictionary<int, long>? Read(string? text)
    {
        if (text is null)
            return null;
        var unproved = ImmutableDictionary.CreateBuilder<int, long>();
        foreach (var one in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (one.Split(':') is not [var number, var step]
                || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var trainer)
                || !long.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var since))
                return null;
            unproved[trainer] = since;
        }

        return unproved.ToImmutable();
    }
}
