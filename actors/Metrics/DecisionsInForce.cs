using System.Security.Cryptography;
using System.Text;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Metrics;

/// <summary>Tells steps that must come to the same bits from those that need not, by the decisions that they rest on.</summary>
/// <remarks>Vetoes are skipped: they follow from what steps show. An operator's request to compute steps again without any change is left
/// out too, for it must give the same bits. One of the run itself without a change says that earlier bits were not to be trusted.</remarks>
public static class DecisionsInForce
{
    /// <summary>A short name of the interventions in force; null where there is none.</summary>
    /// <param name="interventions">In the order in which they came into force.</param>
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
