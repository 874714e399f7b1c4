using ActorTrain.Host.Actions;
using ActorTrain.Host.Commands;

return CommandLine.Run(
    args,
    new Handlers
    {
        Doctor = DoctorHandler.Run,
        Prepare = PrepareHandler.Run,
        Pretrain = PretrainHandler.Run,
        Eval = EvalHandler.Run,
        Generate = GenerateHandler.Run,
        Export = ExportHandler.Run,
        Import = ImportHandler.Run,
        Runs = RunsHandler.Run,
        Plot = PlotHandler.Run,
        Scale = ScaleHandler.Run,
        RollBack = OperatorHandler.Run,
        Skip = OperatorHandler.Run,
        LearningRate = OperatorHandler.Run,
        Quarantine = OperatorHandler.Run,
        Pause = OperatorHandler.Run,
        Resume = OperatorHandler.Run,
        Status = StatusHandler.Run,
        Journal = JournalHandler.Run,
        Goodput = GoodputHandler.Run,
        Trace = TraceHandler.Run,
        Audit = AuditHandler.Run,
        Checkpoints = CheckpointsHandler.Run,
        Chaos = ChaosHandler.Run,
    },
    CommandContext.OfProcess());
