namespace ActorTrain.Host.Cli;

public static class ExitCode
{
    /// <summary>Done; also if a training run was asked to stop and has saved.</summary>
    public const int Success = 0;

    /// <summary>A fault of the program or the machine; also an audit that found a contradiction, a damaged checkpoint, or a broken
    /// promise.</summary>
    public const int Failure = 1;

    public const int UserError = 2;

    /// <summary>The same command may succeed later: another process has taken the run over, so that nothing was saved, or the journal's
    /// database does not answer; EX_TEMPFAIL of sysexits.h.</summary>
    public const int TryAgain = 75;

    public const int Cancelled = 130;
}
