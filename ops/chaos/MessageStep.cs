using ActorTrain.Actors.Protocol;

namespace ActorTrain.Chaos;

public static class MessageStep
{
    /// <summary>Updates so far when it was sent; null if it belongs to no step: such messages are exempt from faults, so that a schedule is
    /// deterministic.</summary>
    public static long? Of(object message) => message switch
    {
        ComputeLanes compute => compute.Ticket.Round.Step,
        ApplyUpdate apply => apply.Round.Step,
        TellTrainer tell => Of(tell.Command),
        AddBlock add => add.Round.Step,
        JudgeStep judge => judge.Round.Step,
        SaveCheckpoint save => save.Step,
        Publish publish => publish.Measurement.Step,
        RecordDecision record => record.Event.Step,
        BlockComputed computed => computed.Ticket.Round.Step,
        UpdateApplied applied => applied.Round.Step,
        ShardReduced reduced => reduced.Round.Step,
        StepJudged judged => judged.Round.Step,
        PrepareExperience prepare => prepare.Step,
        GenerateRollouts generate => generate.Weights.Step,
        JudgeRollouts judge => judge.Weights.Step,
        KeepRollouts keep => keep.Rollouts.Step,
        ReadRollouts read => read.Step,
        _ => null,
    };
}
