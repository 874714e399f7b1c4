namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>How a simulated world treats a run, until it calms down.</summary>
internal sealed record Weather
{
    public static Weather Calm { get; } = new();

    public double Drop { get; init; }

    public double Duplicate { get; init; }

    public double Delay { get; init; }

    /// <summary>Chance that a trainer dies with a message that it gets.</summary>
    public double Crash { get; init; }

    public double Hang { get; init; }

    /// <summary>How many times longer than the fastest the machines compute, by number of the trainer in turn; also after the
    /// storm.</summary>
    public IReadOnlyList<int> SlowBy { get; init; } = [1];

    /// <summary>How many trainers its nodes have room for; null if trainers need none.</summary>
    public int? Places { get; init; }

    /// <summary>Chance that the node of a trainer is lost with a message to it.</summary>
    public double NodeLost { get; init; }

    /// <summary>Whether lost nodes do not come back.</summary>
    public bool NodesStayAway { get; init; }

    /// <summary>Chance that another actor dies with a message that it gets.</summary>
    public double OthersCrash { get; init; }

    /// <summary>Chance that a trainer dies with a message because it found corrupt bits with itself.</summary>
    public double Corrupt { get; init; }

    /// <summary>Chance that a trainer computes wrong bits from a message on, to its end.</summary>
    public double WrongBits { get; init; }

    /// <summary>Whether its later lives do so too.</summary>
    public bool WrongBitsStay { get; init; }

    /// <summary>Chance that a trainer applies an update wrong.</summary>
    public double Misapply { get; init; }

    /// <summary>Chance that an operator wants something, with an input of the run.</summary>
    public double Operator { get; init; }

    public double Scale { get; init; }

    public double RunCrash { get; init; }

    /// <summary>Chance that the whole process dies with an input of the run: nothing is left but what is on disk.</summary>
    public double ProcessDeath { get; init; }

    /// <summary>Chance that another process takes the run over with an input of the run, while this one still lives.</summary>
    public double TakenOver { get; init; }

    public double SaveFails { get; init; }

    /// <summary>Chance that a snapshot's bits have changed by the time it is written.</summary>
    public double SnapshotRots { get; init; }

    /// <summary>Chance that a published gradient's bits have changed by the time a reducer reads it.</summary>
    public double GradientRots { get; init; }

    public double JournalAway { get; init; }

    /// <summary>Chance that a worker dies with a message that it gets.</summary>
    public double WorkerCrash { get; init; }

    public double WorkerHang { get; init; }

    /// <summary>Chance that a piece of a worker's work takes seconds.</summary>
    public double WorkerSlow { get; init; }

    /// <summary>Chance that a sampler reports a rollout wrong.</summary>
    public double Misreport { get; init; }

    public double LedgerFails { get; init; }

    /// <summary>The storm ends after so many inputs of the run: from then on it must go on undisturbed to its end.</summary>
    public int StormInputs { get; init; } = int.MaxValue;
}
