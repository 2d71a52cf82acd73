"""How SunSpec models lie in registers, written from the definitions: one `name:type:scale factor` after the other.

Types: u16 s16 u32 s32 u64 e16 b16 b32 acc32 sf and strN (N registers). What nobody serves says "not implemented".
"""

from __future__ import annotations

from dataclasses import dataclass

SIZES = {
    "u16": 1, "s16": 1, "e16": 1, "b16": 1, "sf": 1, "pad": 1, "u32": 2, "s32": 2, "b32": 2, "acc32": 2, "u64": 4,
}  # fmt: skip
BLANKS = {
    "s16": 0x8000, "sf": 0x8000, "s32": 0x80000000, "u16": 0xFFFF, "e16": 0xFFFF, "b16": 0xFFFF, "u32": 0xFFFFFFFF,
    "b32": 0xFFFFFFFF, "u64": 0xFFFFFFFFFFFFFFFF, "acc32": 0, "pad": 0x8000,
}  # fmt: skip

_VENDOR_EVENTS = "EvtVnd1:b32 EvtVnd2:b32 EvtVnd3:b32 EvtVnd4:b32"
_PER_PHASE = (
    "WL{n}:s16:W_SF VAL{n}:s16:VA_SF VarL{n}:s16:Var_SF PFL{n}:s16:PF_SF AL{n}:s16:A_SF VL{n}L{m}:u16:V_SF "
    "VL{n}:u16:V_SF TotWhInjL{n}:u64:TotWh_SF TotWhAbsL{n}:u64:TotWh_SF TotVarhInjL{n}:u64:TotVarh_SF "
    "TotVarhAbsL{n}:u64:TotVarh_SF"
)
_VARHS = " ".join(
    f"TotVArh{way}{phase}:acc32:TotVArh_SF"
    for way in ("ImpQ1", "ImpQ2", "ExpQ3", "ExpQ4")
    for phase in ("", "PhA", "PhB", "PhC")
)

LAYOUTS = {
    1: "Mn:str16 Md:str16 Opt:str8 Vr:str8 SN:str16 DA:u16 Pad:pad",
    103: (
        "A:u16:A_SF AphA:u16:A_SF AphB:u16:A_SF AphC:u16:A_SF A_SF:sf PPVphAB:u16:V_SF PPVphBC:u16:V_SF "
        "PPVphCA:u16:V_SF PhVphA:u16:V_SF PhVphB:u16:V_SF PhVphC:u16:V_SF V_SF:sf W:s16:W_SF W_SF:sf Hz:u16:Hz_SF "
        "Hz_SF:sf VA:s16:VA_SF VA_SF:sf VAr:s16:VAr_SF VAr_SF:sf PF:s16:PF_SF PF_SF:sf WH:acc32:WH_SF WH_SF:sf "
        "DCA:u16:DCA_SF DCA_SF:sf DCV:u16:DCV_SF DCV_SF:sf DCW:s16:DCW_SF DCW_SF:sf TmpCab:s16:Tmp_SF "
        "TmpSnk:s16:Tmp_SF TmpTrns:s16:Tmp_SF TmpOt:s16:Tmp_SF Tmp_SF:sf St:e16 StVnd:e16 Evt1:b32 Evt2:b32 "
        + _VENDOR_EVENTS
    ),
    120: (
        "DERTyp:e16 WRtg:u16:WRtg_SF WRtg_SF:sf VARtg:u16:VARtg_SF VARtg_SF:sf VArRtgQ1:s16:VArRtg_SF "
        "VArRtgQ2:s16:VArRtg_SF VArRtgQ3:s16:VArRtg_SF VArRtgQ4:s16:VArRtg_SF VArRtg_SF:sf ARtg:u16:ARtg_SF ARtg_SF:sf "
        "PFRtgQ1:s16:PFRtg_SF PFRtgQ2:s16:PFRtg_SF PFRtgQ3:s16:PFRtg_SF PFRtgQ4:s16:PFRtg_SF PFRtg_SF:sf "
        "WHRtg:u16:WHRtg_SF WHRtg_SF:sf AhrRtg:u16:AhrRtg_SF AhrRtg_SF:sf MaxChaRte:u16:MaxChaRte_SF MaxChaRte_SF:sf "
        "MaxDisChaRte:u16:MaxDisChaRte_SF MaxDisChaRte_SF:sf Pad:pad"
    ),
    121: (
        "WMax:u16:WMax_SF VRef:u16:VRef_SF VRefOfs:s16:VRefOfs_SF VMax:u16:VMinMax_SF VMin:u16:VMinMax_SF "
        "VAMax:u16:VAMax_SF VArMaxQ1:s16:VArMax_SF VArMaxQ2:s16:VArMax_SF VArMaxQ3:s16:VArMax_SF "
        "VArMaxQ4:s16:VArMax_SF "
        "WGra:u16:WGra_SF PFMinQ1:s16:PFMin_SF PFMinQ2:s16:PFMin_SF PFMinQ3:s16:PFMin_SF PFMinQ4:s16:PFMin_SF "
        "VArAct:e16 ClcTotVA:e16 MaxRmpRte:u16:MaxRmpRte_SF ECPNomHz:u16:ECPNomHz_SF ConnPh:e16 WMax_SF:sf VRef_SF:sf "
        "VRefOfs_SF:sf VMinMax_SF:sf VAMax_SF:sf VArMax_SF:sf WGra_SF:sf PFMin_SF:sf MaxRmpRte_SF:sf ECPNomHz_SF:sf"
    ),
    123: (
        "Conn_WinTms:u16 Conn_RvrtTms:u16 Conn:e16 WMaxLimPct:u16:WMaxLimPct_SF WMaxLimPct_WinTms:u16 "
        "WMaxLimPct_RvrtTms:u16 WMaxLimPct_RmpTms:u16 WMaxLim_Ena:e16 OutPFSet:s16:OutPFSet_SF OutPFSet_WinTms:u16 "
        "OutPFSet_RvrtTms:u16 OutPFSet_RmpTms:u16 OutPFSet_Ena:e16 VArWMaxPct:s16:VArPct_SF VArMaxPct:s16:VArPct_SF "
        "VArAvalPct:s16:VArPct_SF VArPct_WinTms:u16 VArPct_RvrtTms:u16 VArPct_RmpTms:u16 VArPct_Mod:e16 VArPct_Ena:e16 "
        "WMaxLimPct_SF:sf OutPFSet_SF:sf VArPct_SF:sf"
    ),
    124: (
        "WChaMax:u16:WChaMax_SF WChaGra:u16:WChaDisChaGra_SF WDisChaGra:u16:WChaDisChaGra_SF StorCtl_Mod:b16 "
        "VAChaMax:u16:VAChaMax_SF MinRsvPct:u16:MinRsvPct_SF ChaState:u16:ChaState_SF StorAval:u16:StorAval_SF "
        "InBatV:u16:InBatV_SF ChaSt:e16 OutWRte:s16:InOutWRte_SF InWRte:s16:InOutWRte_SF InOutWRte_WinTms:u16 "
        "InOutWRte_RvrtTms:u16 InOutWRte_RmpTms:u16 ChaGriSet:e16 WChaMax_SF:sf WChaDisChaGra_SF:sf VAChaMax_SF:sf "
        "MinRsvPct_SF:sf ChaState_SF:sf StorAval_SF:sf InBatV_SF:sf InOutWRte_SF:sf"
    ),
    203: (
        "A:s16:A_SF AphA:s16:A_SF AphB:s16:A_SF AphC:s16:A_SF A_SF:sf PhV:s16:V_SF PhVphA:s16:V_SF PhVphB:s16:V_SF "
        "PhVphC:s16:V_SF PPV:s16:V_SF PhVphAB:s16:V_SF PhVphBC:s16:V_SF PhVphCA:s16:V_SF V_SF:sf Hz:s16:Hz_SF Hz_SF:sf "
        "W:s16:W_SF WphA:s16:W_SF WphB:s16:W_SF WphC:s16:W_SF W_SF:sf VA:s16:VA_SF VAphA:s16:VA_SF VAphB:s16:VA_SF "
        "VAphC:s16:VA_SF VA_SF:sf VAR:s16:VAR_SF VARphA:s16:VAR_SF VARphB:s16:VAR_SF VARphC:s16:VAR_SF VAR_SF:sf "
        "PF:s16:PF_SF PFphA:s16:PF_SF PFphB:s16:PF_SF PFphC:s16:PF_SF PF_SF:sf TotWhExp:acc32:TotWh_SF "
        "TotWhExpPhA:acc32:TotWh_SF TotWhExpPhB:acc32:TotWh_SF TotWhExpPhC:acc32:TotWh_SF TotWhImp:acc32:TotWh_SF "
        "TotWhImpPhA:acc32:TotWh_SF TotWhImpPhB:acc32:TotWh_SF TotWhImpPhC:acc32:TotWh_SF TotWh_SF:sf "
        "TotVAhExp:acc32:TotVAh_SF TotVAhExpPhA:acc32:TotVAh_SF TotVAhExpPhB:acc32:TotVAh_SF "
        "TotVAhExpPhC:acc32:TotVAh_SF TotVAhImp:acc32:TotVAh_SF TotVAhImpPhA:acc32:TotVAh_SF "
        "TotVAhImpPhB:acc32:TotVAh_SF TotVAhImpPhC:acc32:TotVAh_SF TotVAh_SF:sf " + _VARHS + " TotVArh_SF:sf Evt:b32"
    ),
    701: (
        "ACType:e16 St:e16 InvSt:e16 ConnSt:e16 Alrm:b32 DERMode:b32 W:s16:W_SF VA:s16:VA_SF Var:s16:Var_SF "
        "PF:s16:PF_SF A:s16:A_SF LLV:u16:V_SF LNV:u16:V_SF Hz:u32:Hz_SF TotWhInj:u64:TotWh_SF TotWhAbs:u64:TotWh_SF "
        "TotVarhInj:u64:TotVarh_SF TotVarhAbs:u64:TotVarh_SF TmpAmb:s16:Tmp_SF TmpCab:s16:Tmp_SF TmpSnk:s16:Tmp_SF "
        "TmpTrns:s16:Tmp_SF TmpSw:s16:Tmp_SF TmpOt:s16:Tmp_SF "
        + " ".join(_PER_PHASE.format(n=n, m=m) for n, m in ((1, 2), (2, 3), (3, 1)))
        + " ThrotPct:u16 ThrotSrc:b32 A_SF:sf V_SF:sf Hz_SF:sf W_SF:sf PF_SF:sf VA_SF:sf Var_SF:sf TotWh_SF:sf "
        "TotVarh_SF:sf Tmp_SF:sf MnAlrmInfo:str32"
    ),
    702: (
        "WMaxRtg:u16:W_SF WOvrExtRtg:u16:W_SF WOvrExtRtgPF:u16:PF_SF WUndExtRtg:u16:W_SF WUndExtRtgPF:u16:PF_SF "
        "VAMaxRtg:u16:VA_SF VarMaxInjRtg:u16:Var_SF VarMaxAbsRtg:u16:Var_SF WChaRteMaxRtg:u16:W_SF "
        "WDisChaRteMaxRtg:u16:W_SF VAChaRteMaxRtg:u16:VA_SF VADisChaRteMaxRtg:u16:VA_SF VNomRtg:u16:V_SF "
        "VMaxRtg:u16:V_SF VMinRtg:u16:V_SF AMaxRtg:u16:A_SF PFOvrExtRtg:u16:PF_SF PFUndExtRtg:u16:PF_SF "
        "ReactSusceptRtg:u16:S_SF NorOpCatRtg:e16 AbnOpCatRtg:e16 CtrlModes:b32 IntIslandCatRtg:b16 WMax:u16:W_SF "
        "WMaxOvrExt:u16:W_SF WOvrExtPF:u16:PF_SF WMaxUndExt:u16:W_SF WUndExtPF:u16:PF_SF VAMax:u16:VA_SF "
        "VarMaxInj:u16:Var_SF VarMaxAbs:u16:Var_SF WChaRteMax:u16:W_SF WDisChaRteMax:u16:W_SF VAChaRteMax:u16:VA_SF "
        "VADisChaRteMax:u16:VA_SF VNom:u16:V_SF VMax:u16:V_SF VMin:u16:V_SF AMax:u16:A_SF PFOvrExt:u16:PF_SF "
        "PFUndExt:u16:PF_SF IntIslandCat:b16 W_SF:sf PF_SF:sf VA_SF:sf Var_SF:sf V_SF:sf A_SF:sf S_SF:sf"
    ),
    704: (
        "PFWInjEna:e16 PFWInjEnaRvrt:e16 PFWInjRvrtTms:u32 PFWInjRvrtRem:u32 PFWAbsEna:e16 PFWAbsEnaRvrt:e16 "
        "PFWAbsRvrtTms:u32 PFWAbsRvrtRem:u32 WMaxLimPctEna:e16 WMaxLimPct:u16:WMaxLimPct_SF "
        "WMaxLimPctRvrt:u16:WMaxLimPct_SF WMaxLimPctEnaRvrt:e16 WMaxLimPctRvrtTms:u32 WMaxLimPctRvrtRem:u32 "
        "WSetEna:e16 "
        "WSetMod:e16 WSet:s32:WSet_SF WSetRvrt:s32:WSet_SF WSetPct:s16:WSetPct_SF WSetPctRvrt:s16:WSetPct_SF "
        "WSetEnaRvrt:e16 WSetRvrtTms:u32 WSetRvrtRem:u32 VarSetEna:e16 VarSetMod:e16 VarSetPri:e16 "
        "VarSet:s32:VarSet_SF "
        "VarSetRvrt:s32:VarSet_SF VarSetPct:s16:VarSetPct_SF VarSetPctRvrt:s16:VarSetPct_SF VarSetEnaRvrt:e16 "
        "VarSetRvrtTms:u32 VarSetRvrtRem:u32 WRmp:u16 WRmpRef:e16 VarRmp:u16 AntiIslEna:e16 PF_SF:sf WMaxLimPct_SF:sf "
        "WSet_SF:sf WSetPct_SF:sf VarSet_SF:sf VarSetPct_SF:sf PFWInj.PF:u16:PF_SF PFWInj.Ext:e16 "
        "PFWInjRvrt.PF:u16:PF_SF PFWInjRvrt.Ext:e16 PFWAbs.PF:u16:PF_SF PFWAbs.Ext:e16 PFWAbsRvrt.PF:u16:PF_SF "
        "PFWAbsRvrt.Ext:e16"
    ),
    713: "WHRtg:u16:WH_SF WHAvail:u16:WH_SF SoC:u16:Pct_SF SoH:u16:Pct_SF Sta:e16 WH_SF:sf Pct_SF:sf",
    715: "LocRemCtl:e16 DERHb:u32 ControllerHb:u32 AlarmReset:u16 OpCtl:e16",
    802: (
        "AHRtg:u16:AHRtg_SF WHRtg:u16:WHRtg_SF WChaRteMax:u16:WChaDisChaMax_SF WDisChaRteMax:u16:WChaDisChaMax_SF "
        "DisChaRte:u16:DisChaRte_SF SoCMax:u16:SoC_SF SoCMin:u16:SoC_SF SocRsvMax:u16:SoC_SF SoCRsvMin:u16:SoC_SF "
        "SoC:u16:SoC_SF DoD:u16:DoD_SF SoH:u16:SoH_SF NCyc:u32 ChaSt:e16 LocRemCtl:e16 Hb:u16 CtrlHb:u16 AlmRst:u16 "
        "Typ:e16 State:e16 StateVnd:e16 WarrDt:u32 Evt1:b32 Evt2:b32 EvtVnd1:b32 EvtVnd2:b32 V:u16:V_SF VMax:u16:V_SF "
        "VMin:u16:V_SF CellVMax:u16:CellV_SF CellVMaxStr:u16 CellVMaxMod:u16 CellVMin:u16:CellV_SF CellVMinStr:u16 "
        "CellVMinMod:u16 CellVAvg:u16:CellV_SF A:s16:A_SF AChaMax:u16:AMax_SF ADisChaMax:u16:AMax_SF W:s16:W_SF "
        "ReqInvState:e16 ReqW:s16:W_SF SetOp:e16 SetInvState:e16 AHRtg_SF:sf WHRtg_SF:sf WChaDisChaMax_SF:sf "
        "DisChaRte_SF:sf SoC_SF:sf DoD_SF:sf SoH_SF:sf V_SF:sf CellV_SF:sf A_SF:sf AMax_SF:sf W_SF:sf"
    ),
    803: (
        "NStr:u16 NStrCon:u16 ModTmpMax:s16:ModTmp_SF ModTmpMaxStr:u16 ModTmpMaxMod:u16 ModTmpMin:s16:ModTmp_SF "
        "ModTmpMinStr:u16 ModTmpMinMod:u16 ModTmpAvg:s16:ModTmp_SF StrVMax:u16:V_SF StrVMaxStr:u16 StrVMin:u16:V_SF "
        "StrVMinStr:u16 StrVAvg:u16:V_SF StrAMax:s16:A_SF StrAMaxStr:u16 StrAMin:s16:A_SF StrAMinStr:u16 "
        "StrAAvg:s16:A_SF NCellBal:u16 CellV_SF:sf ModTmp_SF:sf A_SF:sf SoH_SF:sf SoC_SF:sf V_SF:sf"
    ),
}
"""Model number → its points behind ID and length."""

MPPT = "DCA_SF:sf DCV_SF:sf DCW_SF:sf DCWH_SF:sf Evt:b32 N:u16 TmsPer:u16"  # model 160, its fixed part
MPPT_MODULE = (
    "ID{n}:u16 IDStr{n}:str8 DCA{n}:u16:DCA_SF DCV{n}:u16:DCV_SF DCW{n}:u16:DCW_SF DCWH{n}:acc32:DCWH_SF Tms{n}:u32 "
    "Tmp{n}:s16 DCSt{n}:e16 DCEvt{n}:b32"
)


@dataclass(frozen=True)
class Field:
    """One point: its type, where it lies behind the ID register, how many registers it takes, its scale factor."""

    name: str
    type: str
    offset: int
    size: int
    scale: str = ""


def fields(text: str) -> list[Field]:
    """The points of a layout, in their order."""
    found, offset = [], 2
    for word in text.split():
        name, kind, *scale = word.split(":")
        size = int(kind[3:]) if kind.startswith("str") else SIZES[kind]
        found.append(Field(name, kind, offset, size, scale[0] if scale else ""))
        offset += size
    return found
