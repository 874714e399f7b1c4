using System.Security.Cryptography;
using System.Text;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Metrics;

/// <summary>Identifies, by the decisions in force, steps that must produce the same bits.</summary>
/// <remarks>Vetoes do not count: they follow from the steps' signals. Nor does an operator's request to recompute steps unchanged, which
/// must give the same bits. An unchanged recomputation requested by the run itself means that earlier bits were wrong.</remarks>
public static class DecisionsInForce
{
    /// <summary>A short name of the interventions in force; null if there are none.</summary>
    /// <param name="interventions">In the order in which they took effect.</param>
    public static string? Of(IEnumerable<Intervention> interventions)
    {
        ArgumentNullException.ThrowIfNull(interventions);
        var text = string.Concat(interventions.Where(static intervention => !IsWithoutEffect(intervention)).Select(static intervention =>
            FormattableString.Invariant($"{intervention.Number} {intervention.From} {intervention.RateFactor:R} {intervention.Steps} ")
            + string.Concat(intervention.Skipped.Select(static range => FormattableString.Invariant($"{range.First}+{range.Count} ")))
            + "\n"));
        return text.Length == 0 ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
    }

    private static bool IsWithoutEffect(Intervention intervention) =>
        intervention is { Skipped.Count: 0, RateFactor: 1, Steps: null } && intervention.By != Intervention.Automatic;
}
