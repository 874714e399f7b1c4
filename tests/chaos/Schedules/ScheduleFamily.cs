namespace ActorTrain.Chaos.Tests.Schedules;

/// <summary>What runs of random schedules are trained on.</summary>
internal enum ScheduleFamily
{
    Text,

    /// <summary>Rollouts of the policy that is trained.</summary>
    Policy,
}

internal static class ScheduleFamilies
{
    /// <summary>What breaks in such runs.</summary>
    public static IReadOnlyList<(FaultTarget Target, Fault Fault)> Targets(this ScheduleFamily family) =>
        family == ScheduleFamily.Policy ? FaultTarget.OfPolicy : FaultTarget.OfText;
}
