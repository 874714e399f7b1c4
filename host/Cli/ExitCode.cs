namespace ActorTrain.Host.Cli;

/// <summary>The exit codes of <c>actortrain</c>.</summary>
public static class ExitCode
{
    /// <summary>Done; also after a training run was asked to stop and had saved.</summary>
    public const int Success = 0;

    /// <summary>A fault of the program or the machine; also an audit that found a contradiction, a checkpoint that turned out damaged, or a
    /// broken promise.</summary>
    public const int Failure = 1;

    /// <summary>Bad input, refused with one sentence.</summary>
    public const int UserError = 2;

    /// <summary>Interrupted before it was done.</summary>
    public const int Cancelled = 130;
}
